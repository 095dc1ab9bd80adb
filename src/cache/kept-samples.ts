import { type Arena, none } from '../memory/arena.js';
import type { Manifest } from '../sources/manifest/manifest.js';

/** A source that nobody has asked for in this time, in milliseconds, makes room for others. */
export const idleAfter = 60 * 60 * 1000;

const makeRoomEvery = 1000;

interface KeptSource {
  used: number;
  /** Index in the manifest to the chain that holds the sample. */
  readonly chains: Map<number, number>;
}

/**
 * Which samples an arena holds. What is in stays in while its source is used: an epoch asks for every sample once, so
 * none is worth more than another, and replacing the least recently used would throw out each just before it is asked
 * for again. Where there is no room, sources go that nobody has used for an hour.
 */
export class KeptSamples {
  readonly arena: Arena;
  readonly #now: () => number;
  readonly #sources = new Map<Manifest, KeptSource>();
  /** Chains that tasks read, and how many tasks; those that have gone meanwhile are freed by the last. */
  readonly #readers = new Map<number, { count: number; isGone: boolean }>();
  #roomMade = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds, on any clock. */
  constructor(arena: Arena, now: () => number = () => performance.now()) {
    this.arena = arena;
    this.#now = now;
  }

  /** The chain that holds a sample, which stays until `give`; `none` where there is none. */
  take(manifest: Manifest, index: number): number {
    const source = this.#source(manifest);
    source.used = this.#now();
    const chain = source.chains.get(index) ?? none;
    if (chain === none) return none;
    const readers = this.#readers.get(chain);
    if (readers === undefined) this.#readers.set(chain, { count: 1, isGone: false });
    else readers.count++;
    return chain;
  }

  /** Ends a `take`. */
  give(chain: number): void {
    const readers = this.#readers.get(chain)!;
    readers.count--;
    if (readers.count > 0) return;
    this.#readers.delete(chain);
    if (readers.isGone) this.arena.give(chain);
  }

  /** Takes over a chain that somebody has filled. The first of a sample stays. */
  add(manifest: Manifest, index: number, chain: number): void {
    const { chains } = this.#source(manifest);
    if (chains.has(index)) this.arena.give(chain);
    else chains.set(index, chain);
  }

  /** Told that a sample found no room. */
  lacksRoom(): void {
    const now = this.#now();
    if (now - this.#roomMade < makeRoomEvery) return;
    this.#roomMade = now;
    for (const [manifest, { used, chains }] of this.#sources) {
      if (now - used < idleAfter) continue;
      this.#sources.delete(manifest);
      for (const chain of chains.values()) {
        const readers = this.#readers.get(chain);
        if (readers === undefined) this.arena.give(chain);
        else readers.isGone = true;
      }
    }
  }

  #source(manifest: Manifest): KeptSource {
    const source = this.#sources.get(manifest) ?? { used: this.#now(), chains: new Map() };
    this.#sources.set(manifest, source);
    return source;
  }
}
