import { constants, openSync } from 'node:fs';
import { type FileHandle, open, readlink } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { LentMemory as Offer } from '../../protos/generated/tributary/v1/LentMemory.js';

const proofBytes = 32;
const numberBytes = 4;
const offerName = /^\/memfd:tributary-offer\b/;

/** Buffers that a client on this host has lent, each for one tensor: see `LentMemory` in the contract. `close` must follow. */
export class LentMemory {
  /** Bytes of each buffer. */
  readonly byteSize: number;
  readonly #process: FileHandle;
  readonly #pipe: Socket;
  readonly #descriptors: number[] = [];
  #rest = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};

  private constructor(byteSize: number, process: FileHandle, pipe: Socket) {
    this.byteSize = byteSize;
    this.#process = process;
    this.#pipe = pipe;
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    pipe.on('data', (data: Buffer) => this.#read(data)).on('error', end);
    pipe.on('close', end);
  }

  /**
   * What a client offers; null where this process cannot reach it: the client is on another host, in a container of its
   * own, or another user's, or this system has no such memory.
   */
  static async open({ process: id, descriptor, proof, byteSize }: Required<Offer>): Promise<LentMemory | null> {
    let folder: FileHandle | null = null;
    try {
      // It stays that process' folder: once the process has ended, no other one of its number is found in it.
      folder = await open(`/proc/${id}/fd`, constants.O_RDONLY | constants.O_DIRECTORY);
      const owner = (await folder.stat()).uid;
      // Nothing else is opened for a client from afar that makes numbers up, and nothing in another user's name.
      const isOffer = owner === process.geteuid?.() && offerName.test(await readlink(inside(folder, descriptor)));
      if (!isOffer) throw new Error('no offer of this user');
      const pipe = inside(folder, await readOffer(inside(folder, descriptor), proof as Uint8Array));
      const fd = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
      return new LentMemory(Number(byteSize), folder, new Socket({ fd, readable: true, writable: false }));
    } catch {
      await folder?.close();
      return null;
    }
  }

  /**
   * Writes a tensor into the next buffer that the client lends, waiting for one; yields the client's descriptor of it, or null
   * where none is to come or it cannot be written. Rejects with the signal's reason if that comes first.
   */
  async write(data: Uint8Array, signal: AbortSignal): Promise<number | null> {
    const descriptor = await this.#next(signal);
    if (descriptor === null) return null;
    try {
      const file = await open(inside(this.#process, descriptor), constants.O_RDWR);
      try {
        for (let at = 0; at < data.length; ) at += (await file.write(data, at, data.length - at, at)).bytesWritten;
      } finally {
        await file.close();
      }
      return descriptor;
    } catch {
      // The client has ended, or the system has no room: what else it lends would fail as well.
      this.#ended = true;
      return null;
    }
  }

  async close(): Promise<void> {
    this.#pipe.destroy();
    await this.#process.close();
  }

  async #next(signal: AbortSignal): Promise<number | null> {
    const wake = (): void => this.#wake();
    signal.addEventListener('abort', wake, { once: true });
    try {
      for (;;) {
        signal.throwIfAborted();
        if (this.#ended) return null;
        const descriptor = this.#descriptors.shift();
        if (descriptor !== undefined) return descriptor;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  #read(data: Buffer): void {
    const all = Buffer.concat([this.#rest, data]);
    let at = 0;
    for (; at + numberBytes <= all.length; at += numberBytes) this.#descriptors.push(all.readUInt32LE(at));
    this.#rest = all.subarray(at);
    this.#wake();
  }
}

function inside(folder: FileHandle, descriptor: number): string {
  return `/proc/self/fd/${folder.fd}/${descriptor}`;
}

/** The number that stands behind the proof; throws where the proof is another. */
async function readOffer(path: string, proof: Uint8Array): Promise<number> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(
      Buffer.alloc(proofBytes + numberBytes),
      0,
      proofBytes + numberBytes,
      0,
    );
    const isProof = bytesRead === buffer.length && buffer.subarray(0, proofBytes).equals(proof);
    if (!isProof) throw new Error('not the process that asks');
    return buffer.readUInt32LE(proofBytes);
  } finally {
    await file.close();
  }
}
