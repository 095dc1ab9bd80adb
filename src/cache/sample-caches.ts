import { Arena, type ArenaBuffers, arenaBuffers, none } from '../memory/arena.js';
import type { Manifest } from '../sources/manifest/manifest.js';
import type { CacheFile, CacheFolder } from './cache-folder.js';
import { KeptSamples } from './kept-samples.js';
import type { CacheNews, Whereabouts } from './lookup.js';

/** The caches by name, as metrics have them: encoded files in memory, the same on a local disk, decoded images in memory. */
const cacheNames = ['memory', 'disk', 'decoded'] as const;
export type CacheName = (typeof cacheNames)[number];

/** What worker threads are given of the caches; an arena without blocks where there is no such cache. */
export type CacheBuffers = Readonly<Record<'memory' | 'decoded', ArenaBuffers>>;

/** Budgets of the caches in memory, in bytes; 0 for none. */
export interface CacheBudgets {
  readonly memory: number;
  readonly decoded: number;
}

/** Half a block is lost for each sample: little of a file of 100 kB, little of an image of 500 kB. */
const fileBlockBytes = 4096;
const decodedBlockBytes = 16_384;

/**
 * A replica's caches of samples, all off where nothing is asked for. They are the main thread's; tasks are told where a sample is
 * and report what they have put there. A cache holds bytes that follow from the file's alone and never a verdict, so a batch is
 * the same with and without it.
 */
export class SampleCaches {
  readonly buffers: CacheBuffers;
  readonly #held: Readonly<Record<'memory' | 'decoded', KeptSamples>>;
  readonly #folder: CacheFolder | null;
  readonly #names: readonly CacheName[];
  readonly #asked: Readonly<Record<CacheName, { hits: number; misses: number }>> = {
    memory: { hits: 0, misses: 0 },
    disk: { hits: 0, misses: 0 },
    decoded: { hits: 0, misses: 0 },
  };
  #damaged = 0;

  constructor(budgets: CacheBudgets, folder: CacheFolder | null) {
    this.buffers = {
      memory: arenaBuffers(budgets.memory, fileBlockBytes),
      decoded: arenaBuffers(budgets.decoded, decodedBlockBytes),
    };
    this.#held = {
      memory: new KeptSamples(new Arena(this.buffers.memory)),
      decoded: new KeptSamples(new Arena(this.buffers.decoded)),
    };
    this.#folder = folder;
    this.#names = cacheNames.filter((name) => (name === 'disk' ? folder !== null : budgets[name] > 0));
  }

  /** Where a sample is nearest, for the task that needs it. `give` must follow. */
  take(manifest: Manifest, index: number): Whereabouts {
    for (const cache of ['decoded', 'memory'] as const) {
      const chain = this.#held[cache].take(manifest, index);
      this.#count(cache, chain !== none);
      if (chain !== none) return { in: cache, chain };
    }
    if (this.#folder === null) return { in: 'storage' };
    return { in: 'folder', file: this.#folder.take(manifest, manifest.location(index)) };
  }

  /** Ends what `take` began, with the task's news; with none where it died. */
  give(manifest: Manifest, index: number, whereabouts: Whereabouts, news: readonly CacheNews[]): void {
    if (whereabouts.in === 'decoded' || whereabouts.in === 'memory') this.#held[whereabouts.in].give(whereabouts.chain);
    if (whereabouts.in === 'folder') this.#settle(this.#folder!, whereabouts.file, news);
    for (const item of news) {
      if (item.kind === 'filled') this.#held[item.cache].add(manifest, index, item.chain);
      if (item.kind === 'full') this.#held[item.cache].lacksRoom();
    }
  }

  #settle(folder: CacheFolder, file: CacheFile, news: readonly CacheNews[]): void {
    const isStored = news.some(({ kind }) => kind === 'stored');
    // What replaces a damaged file takes no more room than that did.
    folder.give(file, isStored && !news.some(({ kind }) => kind === 'damaged'));
    for (const item of news) {
      if (item.kind === 'found' || item.kind === 'missed') this.#count('disk', item.kind === 'found');
      if (item.kind === 'failed') folder.failed(item);
      if (item.kind !== 'damaged') continue;
      this.#damaged++;
      folder.damaged(file.path, item.came);
    }
  }

  /** The caches that there are, as they stand. */
  *state(): Generator<{ name: CacheName; hits: number; misses: number; bytes: number; budget: number }> {
    for (const name of this.#names) {
      const { bytes, budget } = name === 'disk' ? this.#folder! : sizeOf(this.#held[name]);
      yield { name, ...this.#asked[name], bytes, budget };
    }
  }

  /** Files of the cache folder that were not what was written. */
  get damaged(): number {
    return this.#damaged;
  }

  #count(name: CacheName, isHit: boolean): void {
    this.#asked[name][isHit ? 'hits' : 'misses']++;
  }
}

function sizeOf({ arena }: KeptSamples): { bytes: number; budget: number } {
  return { bytes: arena.usedBytes, budget: arena.totalBytes };
}
