/** Milliseconds in which no task of a source has been done, after which those under way are stalled. */
const stallMs = 3_000;
const lookMs = 500;

interface Task {
  readonly sources: readonly string[];
  readonly since: number;
  /** Gives its place up, for another to start; it goes on without. */
  readonly leave: () => void;
  /** What it takes of a place. */
  readonly part: number;
  hasLeft: boolean;
}

interface Source {
  /** Its tasks that have a place. */
  placed: number;
  /** When a task of it was last done. */
  done: number;
  isStalled: boolean;
}

/**
 * Watches tasks by the sources that they read: a storage that answers no more must not hold every place. Where no task of a source has been
 * done for a while, those under way leave their places, and one at a time is tried until one is done. Slow is not stalled: a source
 * of which anything gets done has all the places that it wants.
 */
export class SourceWatch {
  readonly #mostLeft: number;
  readonly #now: () => number;
  readonly #tasks = new Set<Task>();
  readonly #sources = new Map<string, Source>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param mostLeft places of the tasks that go on without one at a time.
   * @param now milliseconds.
   */
  constructor(mostLeft: number, now: () => number = () => performance.now()) {
    this.#mostLeft = mostLeft;
    this.#now = now;
  }

  /** Whether a task of these sources may have a place now. */
  mayBegin(sources: readonly string[]): boolean {
    return sources.every((name) => {
      const source = this.#sources.get(name);
      return source === undefined || !source.isStalled || source.placed === 0;
    });
  }

  /** Watches a task that has got its place, or a part of one. @returns what must be called at its end: `isDone` where it succeeded. */
  begin(sources: readonly string[], leave: () => void, part = 1): (isDone: boolean) => void {
    const task: Task = { sources, since: this.#now(), leave, part, hasLeft: false };
    this.#tasks.add(task);
    for (const source of this.#of(task)) source.placed++;
    this.#timer ??= setInterval(() => this.look(), lookMs).unref();
    return (isDone) => {
      this.#tasks.delete(task);
      for (const source of this.#of(task)) {
        if (!task.hasLeft) source.placed--;
        if (isDone) Object.assign(source, { done: this.#now(), isStalled: false });
      }
      if (this.#tasks.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** Looks which sources are stalled, as it does by itself twice a second. */
  look(): void {
    const now = this.#now();
    let left = 0;
    for (const { hasLeft, part } of this.#tasks) if (hasLeft) left += part;
    for (const task of this.#tasks) {
      const stalled = this.#of(task).filter(({ done }) => now - Math.max(done, task.since) > stallMs);
      for (const source of stalled) source.isStalled = true;
      if (stalled.length === 0 || task.hasLeft || left >= this.#mostLeft) continue;
      left += task.part;
      task.hasLeft = true;
      for (const source of this.#of(task)) source.placed--;
      task.leave();
    }
  }

  #of({ sources }: Task): Source[] {
    return sources.map((name) => {
      const known = this.#sources.get(name) ?? { placed: 0, done: Number.NEGATIVE_INFINITY, isStalled: false };
      this.#sources.set(name, known);
      return known;
    });
  }
}
