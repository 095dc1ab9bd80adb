import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { type FileHandle, open, readlink } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { LentMemory as Offer } from '../../protos/generated/tributary/v1/LentMemory.js';

const proofBytes = 32;
const placeBytes = 12;
const offerName = /^\/memfd:tributary-offer\b/;

/** A descriptor of the client's, and the file that it is. */
interface Place {
  readonly descriptor: number;
  readonly inode: bigint;
}

/** Buffers that a client on this host has lent, each for one tensor: see `LentMemory` in the contract. `close` must follow. */
export class LentMemory {
  /** Bytes of each buffer. */
  readonly byteSize: number;
  readonly #process: FileHandle;
  /** Where memory of this kind lies. */
  readonly #device: bigint;
  readonly #pipe: Socket;
  readonly #places: Place[] = [];
  #rest = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};

  private constructor(byteSize: number, process: FileHandle, device: bigint, pipe: Socket) {
    this.byteSize = byteSize;
    this.#process = process;
    this.#device = device;
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
      const { pipe, device } = await readOffer(inside(folder, descriptor), proof as Uint8Array);
      return new LentMemory(Number(byteSize), folder, device, openPipe(inside(folder, pipe.descriptor), pipe.inode));
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
    const place = await this.#next(signal);
    if (place === null) return null;
    try {
      const file = await open(inside(this.#process, place.descriptor), constants.O_RDWR | constants.O_NONBLOCK);
      try {
        const { dev, ino } = await file.stat({ bigint: true });
        if (dev !== this.#device || ino !== place.inode) throw new Error('the client has closed it');
        for (let at = 0; at < data.length; ) at += (await file.write(data, at, data.length - at, at)).bytesWritten;
      } finally {
        await file.close();
      }
      return place.descriptor;
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

  async #next(signal: AbortSignal): Promise<Place | null> {
    const wake = (): void => this.#wake();
    signal.addEventListener('abort', wake, { once: true });
    try {
      for (;;) {
        signal.throwIfAborted();
        if (this.#ended) return null;
        const place = this.#places.shift();
        if (place !== undefined) return place;
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
    for (; at + placeBytes <= all.length; at += placeBytes) this.#places.push(readPlace(all, at));
    this.#rest = all.subarray(at);
    this.#wake();
  }
}

function inside(folder: FileHandle, descriptor: number): string {
  return `/proc/self/fd/${folder.fd}/${descriptor}`;
}

function readPlace(bytes: Buffer, at: number): Place {
  return { descriptor: bytes.readUInt32LE(at), inode: bytes.readBigUInt64LE(at + 4) };
}

/** What stands behind the proof; throws where the proof is another. */
async function readOffer(path: string, proof: Uint8Array): Promise<{ pipe: Place; device: bigint }> {
  const file = await open(path);
  try {
    const bytes = Buffer.alloc(proofBytes + placeBytes);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    const isProof = bytesRead === bytes.length && bytes.subarray(0, proofBytes).equals(proof);
    if (!isProof) throw new Error('not the process that asks');
    return { pipe: readPlace(bytes, proofBytes), device: (await file.stat({ bigint: true })).dev };
  } finally {
    await file.close();
  }
}

/** The pipe, as a socket that closes it. */
function openPipe(path: string, inode: bigint): Socket {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const found = fstatSync(fd, { bigint: true });
  if (found.isFIFO() && found.ino === inode) return new Socket({ fd, readable: true, writable: false });
  closeSync(fd);
  throw new Error('the client has closed it');
}
