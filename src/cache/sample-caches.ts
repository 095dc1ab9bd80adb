import { type ArenaMemory, arenaMemory, ByteArena, none } from '../memory/byte-arena.js';
import type { Location, Manifest } from '../sources/manifest/manifest.js';
import type { CacheFolder, CachePlace } from './cache-folder.js';
import { HeldSamples } from './held-samples.js';

/** The caches by name, as metrics have them: encoded files in memory, the same on a local disk, decoded images in memory. */
export const cacheNames = ['memory', 'disk', 'decoded'] as const;
export type CacheName = (typeof cacheNames)[number];

/** What worker threads are given of the caches: null where there is no such cache. */
export interface CacheMemory {
  readonly files: ArenaMemory | null;
  readonly decoded: ArenaMemory | null;
}

/** What a task is told of its sample's place in the caches. */
export interface CacheTask {
  /** The chain of the encoded file; `none` where there is none. */
  readonly file: number;
  /** The chain of the decoded image; `none` where there is none. */
  readonly decoded: number;
  readonly disk: CachePlace | null;
}

/** What a task has to say of the caches. */
export interface CacheReport {
  /** A chain that it filled with the encoded file; `none` where it found no room; null where it did not try. */
  file: number | null;
  /** The same for the decoded image. */
  decoded: number | null;
  /** What it found on the disk; null where it did not look. */
  disk: 'hit' | 'miss' | null;
  isStored: boolean;
  /** How the file on the disk was not what was written. */
  damage: string | null;
  failure: { readonly code: string; readonly message: string; readonly isWrite: boolean } | null;
}

/** Budgets of the caches in memory, in bytes; 0 for none. */
export interface CacheBudgets {
  readonly memory: number;
  readonly decoded: number;
}

/** Half a block is lost for each sample: little of a file of 100 kB, little of an image of 500 kB. */
const fileBlockBytes = 4096;
const decodedBlockBytes = 16_384;

/**
 * A replica's caches of samples, all off where nothing is asked for. They are the main thread's; tasks are told what is
 * held and report what they have put there. A cache holds bytes that follow from the file's alone and never a verdict, so
 * a batch is the same with and without it.
 */
export class SampleCaches {
  readonly memory: CacheMemory;
  readonly #files: HeldSamples | null;
  readonly #decoded: HeldSamples | null;
  readonly #disk: CacheFolder | null;
  readonly #asked: Readonly<Record<CacheName, { hit: number; miss: number }>> = {
    memory: { hit: 0, miss: 0 },
    disk: { hit: 0, miss: 0 },
    decoded: { hit: 0, miss: 0 },
  };
  #damaged = 0;

  constructor(budgets: CacheBudgets, disk: CacheFolder | null) {
    this.memory = {
      files: budgets.memory === 0 ? null : arenaMemory(budgets.memory, fileBlockBytes),
      decoded: budgets.decoded === 0 ? null : arenaMemory(budgets.decoded, decodedBlockBytes),
    };
    this.#files = this.memory.files === null ? null : new HeldSamples(new ByteArena(this.memory.files));
    this.#decoded = this.memory.decoded === null ? null : new HeldSamples(new ByteArena(this.memory.decoded));
    this.#disk = disk;
  }

  /** What a task is to know of a sample. `end` must follow. */
  begin(manifest: Manifest, index: number, location: Location): CacheTask {
    const decoded = this.#decoded?.hold(manifest, index) ?? none;
    if (this.#decoded !== null) this.#count('decoded', decoded !== none);
    if (decoded !== none) return { file: none, decoded, disk: null };
    const file = this.#files?.hold(manifest, index) ?? none;
    if (this.#files !== null) this.#count('memory', file !== none);
    return { file, decoded, disk: file === none ? (this.#disk?.place(manifest, location) ?? null) : null };
  }

  /** Takes in what a task reports; null where it died. */
  end(manifest: Manifest, index: number, task: CacheTask, report: CacheReport | null): void {
    this.#files?.release(task.file);
    this.#decoded?.release(task.decoded);
    // What replaces a damaged file takes no more room than that did.
    if (task.disk !== null) this.#disk!.settle(task.disk, (report?.isStored ?? false) && report?.damage === null);
    if (report === null) return;
    take(this.#files, manifest, index, report.file);
    take(this.#decoded, manifest, index, report.decoded);
    if (report.disk !== null) this.#count('disk', report.disk === 'hit');
    if (report.failure !== null) this.#disk!.failed(report.failure);
    if (report.damage !== null) {
      this.#damaged++;
      this.#disk!.damaged(task.disk!.path, report.damage);
    }
  }

  /** The caches that there are, as they stand. */
  *state(): Generator<{ name: CacheName; hits: number; misses: number; bytes: number; budget: number }> {
    const sizes: Readonly<Record<CacheName, { bytes: number; budget: number } | null>> = {
      memory: sizeOf(this.#files),
      disk: this.#disk,
      decoded: sizeOf(this.#decoded),
    };
    for (const name of cacheNames) {
      const size = sizes[name];
      const { hit, miss } = this.#asked[name];
      if (size !== null) yield { name, hits: hit, misses: miss, bytes: size.bytes, budget: size.budget };
    }
  }

  /** Files of the cache folder that were not what was written. */
  get damaged(): number {
    return this.#damaged;
  }

  #count(name: CacheName, isHit: boolean): void {
    this.#asked[name][isHit ? 'hit' : 'miss']++;
  }
}

function take(held: HeldSamples | null, manifest: Manifest, index: number, chain: number | null): void {
  if (held === null || chain === null) return;
  if (chain === none) held.lacksRoom();
  else held.add(manifest, index, chain);
}

function sizeOf(held: HeldSamples | null): { bytes: number; budget: number } | null {
  return held === null ? null : { bytes: held.arena.usedBytes, budget: held.arena.totalBytes };
}
