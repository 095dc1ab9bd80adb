import { LRUCache } from 'lru-cache';

/** Clients whose rates are known. */
const ratesKnown = 4096;

/** How often each of many clients does something: so many times at once, and from then on so many a second. */
export class Rates {
  readonly #done = new LRUCache<string, { count: number; at: number }>({ max: ratesKnown });

  /** Counts one more of a client, unless that is more than it may. */
  take(client: string, perSecond: number, atOnce: number): boolean {
    const now = performance.now();
    const { count, at } = this.#done.get(client) ?? { count: 0, at: now };
    const left = Math.max(0, count - ((now - at) / 1000) * perSecond);
    const may = left + 1 <= atOnce;
    this.#done.set(client, { count: may ? left + 1 : left, at: now });
    return may;
  }
}
