import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LRUCache } from 'lru-cache';
import { TributaryError } from '../errors.js';
import { corruptSample } from './corrupt.js';
import { type CropBuffer, cropBuffer } from './crop-buffers.js';
import { decodeTimeout } from './decode-timeout.js';
import { frameReader, frameStart } from './frames.js';
import type { NativeRequest } from './native-pixels.js';
import type { NativeAnswer, Shared } from './native-process.js';
import { openShared, putShared, takeShared } from './shared-file.js';

/** Fresh processes in which a file is tried before it is held to be what they die of. */
const triesPerFile = 3;
/** Files that are known to be deadly, so that they cost no more processes. */
const filesKnown = 1024;
/** Milliseconds in which a process must be ready. It loads libvips, on whatever machine. */
const startMs = 60_000;

/** Signals of a process that its own code has ended. By any other, the machine or a person ended it, which says nothing about a file. */
const ownSignals: ReadonlySet<string> = new Set([
  ...['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGABRT', 'SIGTRAP', 'SIGSYS'],
]);

/** How a process ended, as a person reads it: a signal, or a code. */
interface Death {
  readonly how: string;
  readonly isOwn: boolean;
}

/** What became of a file in a process: its answer and its pixels, or else. */
type Result =
  | { readonly kind: 'answer'; readonly answer: NativeAnswer; readonly pixels: CropBuffer }
  | { readonly kind: 'died'; readonly death: Death }
  | { readonly kind: 'late' };

/**
 * Decodes by native code in a process of its own, one file at a time, so that a file that crashes it costs a process and not the
 * replica. The process is started for the first file, again after each death, and ends with this thread. It keeps nobody from
 * ending. A file on which `triesPerFile` processes died is corrupt: native code that a file crashes it crashes everywhere.
 */
export class NativeDecoder {
  #child: NativeChild | null = null;
  #last: Promise<unknown> = Promise.resolve();
  readonly #deadly = new LRUCache<string, string>({ max: filesKnown });

  /** The process that has a file in hand, if one has. */
  get busy(): number | undefined {
    return this.#child?.isBusy ? this.#child.pid : undefined;
  }

  /**
   * Decodes a box of a file, after those that were asked for before.
   *
   * @param seconds that it may take once it is its turn. Then its process is killed.
   * @returns uint8 RGB.
   * @throws TributaryError SAMPLE_CORRUPT where it cannot be decoded, DECODER_CRASHED its cause where processes died of it;
   *   DECODE_TIMEOUT; DECODER_LOST where processes ended for other reasons.
   */
  decode(bytes: Buffer, asked: NativeRequest, seconds: number): Promise<CropBuffer> {
    const decoded = this.#last.then(() => this.#decode(bytes, asked, seconds));
    this.#last = decoded.catch(() => {});
    return decoded;
  }

  async #decode(bytes: Buffer, asked: NativeRequest, seconds: number): Promise<CropBuffer> {
    const known = this.#deadly.size > 0 ? this.#deadly.get(digestOf(bytes)) : undefined;
    if (known !== undefined) throw deadly(known);
    const deadline = performance.now() + seconds * 1000;
    const deaths: Death[] = [];
    while (deaths.length < triesPerFile) {
      const result = await this.#tried(bytes, asked, deadline);
      if (result.kind === 'late') throw decodeTimeout(seconds, 'one that was not done by then, and was stopped');
      if (result.kind === 'died') {
        deaths.push(result.death);
        continue;
      }
      const { answer, pixels } = result;
      if (answer.kind !== 'damaged') return pixels;
      pixels.give();
      throw corruptSample('data', `a damaged file (${answer.came.trim().replaceAll(/\s*\n\s*/g, '; ')})`);
    }
    const how = deaths.map((death) => death.how).join(', ');
    if (!deaths.every(({ isOwn }) => isOwn)) throw lost(how);
    this.#deadly.set(digestOf(bytes), how);
    throw deadly(how);
  }

  async #tried(bytes: Buffer, asked: NativeRequest, deadline: number): Promise<Result> {
    let child = this.#child;
    if (child === null || child.isGone) {
      child = new NativeChild();
      this.#child = child;
      const started = await child.result(performance.now() + startMs);
      if (started.kind === 'died') return { kind: 'died', death: { ...started.death, isOwn: false } };
      if (started.kind === 'late') return { kind: 'died', death: { how: 'it did not start', isOwn: false } };
    }
    return child.decode(bytes, asked, deadline);
  }
}

const program = fileURLToPath(new URL('./native-process.js', import.meta.url));

/** One process. What it says it says to whoever waits, one at a time. */
class NativeChild {
  readonly #process: ChildProcess;
  #isBusy = false;
  #death: Death | null = null;
  #tell: (result: Result) => void = () => {};
  #isLate = false;
  /** Where files go and pixels come by; null where there is no room for one. */
  #file: number | null = openShared();
  /** Where the pixels of an answer go that is on its way. */
  #pixels: CropBuffer | null = null;

  constructor() {
    const file = this.#file;
    // Pixels count as the heap's growth, for which this small heap would be marked again and again.
    const args = ['--heap-growing-percent=400', program, ...(file === null ? [] : ['shared'])];
    this.#process = spawn(process.execPath, args, {
      env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
      stdio: ['pipe', 'pipe', 'inherit', ...(file === null ? [] : [file])],
    });
    const { stdin, stdout } = this.#process;
    const memory = (length: number): Buffer => {
      this.#pixels = cropBuffer(length);
      return this.#pixels.data;
    };
    // Where this process may open no more files, it has no pipes, and an error follows.
    stdout?.on(
      'data',
      frameReader<NativeAnswer>(memory, ({ head }) => {
        const pixels = head.kind === 'pixels' && head.shared !== undefined ? this.#read(head.shared) : this.#pixels!;
        this.#pixels = null;
        this.#tell({ kind: 'answer', answer: head, pixels });
      }),
    );
    // Whatever befalls the pipes, the process' end follows.
    for (const pipe of [stdin, stdout]) pipe?.on('error', () => this.#process.kill('SIGKILL'));
    this.#process.on('error', (error) => this.#ended(error.message, false));
    this.#process.on('close', (code, signal) =>
      this.#ended(signal ?? `exit code ${code}`, signal !== null && ownSignals.has(signal)),
    );
    this.#hold(false);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  get isGone(): boolean {
    return this.#death !== null;
  }

  async decode(bytes: Buffer, asked: NativeRequest, deadline: number): Promise<Result> {
    const result = this.result(deadline);
    if (this.#death === null) {
      const isShared = putShared(this.#file, bytes);
      const request: NativeRequest & Shared = isShared ? { ...asked, shared: bytes.length } : asked;
      this.#process.stdin!.write(frameStart(request, isShared ? 0 : bytes.length));
      if (!isShared) this.#process.stdin!.write(bytes);
    }
    this.#isBusy = true;
    try {
      return await result;
    } finally {
      this.#isBusy = false;
    }
  }

  /** What it says next, or that it has died; at the deadline it is killed. Until this settles it may read what it was sent. */
  result(deadline: number): Promise<Result> {
    return new Promise((resolve) => {
      if (this.#death !== null) return resolve({ kind: 'died', death: this.#death });
      this.#hold(true);
      const timer = setTimeout(() => {
        this.#isLate = true;
        this.#process.kill('SIGKILL');
      }, deadline - performance.now());
      this.#tell = (result) => {
        clearTimeout(timer);
        this.#hold(false);
        resolve(result);
      };
    });
  }

  #ended(how: string, isOwn: boolean): void {
    this.#death ??= { how, isOwn };
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
    this.#pixels?.give();
    this.#pixels = null;
    this.#tell(this.#isLate ? { kind: 'late' } : { kind: 'died', death: this.#death });
  }

  /** Takes pixels out of the file. */
  #read(bytes: number): CropBuffer {
    const pixels = cropBuffer(bytes);
    takeShared(this.#file!, pixels.data);
    return pixels;
  }

  /** Whether this thread is to stay for it. */
  #hold(isHeld: boolean): void {
    const { stdin, stdout } = this.#process;
    for (const each of [this.#process, stdin, stdout] as unknown as (NodeJS.Timeout | undefined)[])
      if (isHeld) each?.ref();
      else each?.unref();
  }
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('base64');
}

function deadly(how: string): TributaryError {
  return corruptSample('DECODER_CRASHED', `one on which each process that decodes it dies (${how})`);
}

function lost(how: string): TributaryError {
  return new TributaryError('DECODER_LOST', {
    expected: 'a process that decodes files',
    came: `an end of it in each of ${triesPerFile} tries (${how})`,
    remedy: 'Look whether the machine has memory and processes left, and ask again',
    metadata: { retry_delay_ms: '1000' },
  });
}
