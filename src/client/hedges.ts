import { rules } from './behaviour.js';

/**
 * How many second requests there may be: a few at once, as where a replica hangs, and in the long run a small share of the batches, so
 * that a fleet that has too much to do is not given more.
 */
export class Hedges {
  #left: number = rules.hedgeBurst;

  /** Notes that a batch has come. */
  earn(): void {
    this.#left = Math.min(rules.hedgeBurst, this.#left + rules.hedgeShare);
  }

  /** Takes one, where there is one left. */
  spend(): boolean {
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
