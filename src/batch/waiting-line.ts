/** Somebody who waits for room. */
export interface Waiting {
  readonly bytes: number;
  /** What it asks for: who asks again for the same has the place in the line that it had. */
  readonly asked: string;
  grant(): void;
  /** Told that its place has gone to one who had asked before it. */
  refuse(): void;
}

interface Place {
  readonly waiting: Waiting;
  /** When it first asked, in milliseconds. */
  readonly since: number;
}

/** How many of a client may wait. */
export const mostWaiting = 64;
/** Milliseconds for which the place of one that went without room is kept. */
const keptFor = 10_000;
const mostKept = 1024;

/**
 * Those of one client that wait for room, in the order in which they first asked. Who is refused and asks again soon has the place that it
 * had, before those that have had room since: where more ask than may wait, the same few would otherwise have it again and again.
 */
export class WaitingLine {
  readonly #places: Place[] = [];
  /** The places of those that went without room, and until when they are kept, by what was asked; in the order in which they went. */
  readonly #kept = new Map<string, { readonly since: number; readonly until: number }>();
  readonly #now: () => number;

  /** @param now milliseconds of a clock that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** How many wait. */
  get size(): number {
    return this.#places.length;
  }

  /** Whether nobody waits and no place is kept: a new line is as good. */
  get isEmpty(): boolean {
    this.#forget();
    return this.size + this.#kept.size === 0;
  }

  /** Whose turn it is. */
  get first(): Waiting | undefined {
    return this.#places[0]?.waiting;
  }

  /** Lets one wait; where that is one too many, refuses whoever asked last. */
  enter(waiting: Waiting): void {
    this.#forget();
    const since = this.#kept.get(waiting.asked)?.since ?? this.#now();
    this.#kept.delete(waiting.asked);
    const after = this.#places.findIndex((place) => place.since > since);
    this.#places.splice(after < 0 ? this.size : after, 0, { waiting, since });
    if (this.size <= mostWaiting) return;
    const last = this.#places.at(-1)!.waiting;
    this.leave(last);
    last.refuse();
  }

  /** Takes one out that has room now. */
  served(waiting: Waiting): void {
    this.#take(waiting);
  }

  /** Takes one out that goes without room. */
  leave(waiting: Waiting): void {
    const since = this.#take(waiting)?.since;
    if (since !== undefined) this.#kept.set(waiting.asked, { since, until: this.#now() + keptFor });
  }

  #take(waiting: Waiting): Place | undefined {
    const at = this.#places.findIndex((place) => place.waiting === waiting);
    return at < 0 ? undefined : this.#places.splice(at, 1)[0];
  }

  #forget(): void {
    for (const [asked, { until }] of this.#kept)
      if (until <= this.#now() || this.#kept.size > mostKept) this.#kept.delete(asked);
      else return;
  }
}
