import { rules } from './behaviour.js';

/**
 * Which lane takes which step. Lane l of L takes the steps first + l, first + l + L and so on, until there are more lanes: from
 * some step on they are dealt anew.
 */
export class Turns {
  readonly #end: number;
  /** From which step on, and to how many lanes. */
  readonly #parts: { readonly start: number; readonly lanes: number }[];

  /** @param end the step after the last */
  constructor(first: number, end: number, lanes: number) {
    this.#end = end;
    this.#parts = [{ start: first, lanes }];
  }

  /** How many lanes there are now. */
  get lanes(): number {
    return this.#parts.at(-1)!.lanes;
  }

  /** The step from which on there are so many. */
  get since(): number {
    return this.#parts.at(-1)!.start;
  }

  /** How far a lane's next step is, as far as steps are dealt in the same way. */
  stride(step: number): number {
    return this.#part(step).lanes;
  }

  /** How many steps of the same lane follow each other from this one on, a stride apart. */
  run(step: number): number {
    const { lanes, end } = this.#part(step);
    return Math.max(0, Math.ceil((end - step) / lanes));
  }

  /** The step of a lane that comes after this one of its steps; the end or more where there is none. */
  after(step: number, lane: number): number {
    const { lanes, end } = this.#part(step);
    return step + lanes < end || end === this.#end ? step + lanes : end + lane;
  }

  /** Deals the steps from `step` on to more lanes. No lane may have come so far. */
  widen(step: number, lanes: number): void {
    this.#parts.push({ start: step, lanes });
  }

  #part(step: number): { readonly lanes: number; readonly end: number } {
    const index = this.#parts.findLastIndex(({ start }) => step >= start);
    return { lanes: this.#parts[index]!.lanes, end: this.#parts[index + 1]?.start ?? this.#end };
  }
}

/**
 * How many lanes it takes: as many as are given; else a few, and more while the trainer waits and replicas have room. Times are
 * milliseconds of one clock.
 */
export class Growth {
  readonly #given: number;
  readonly #most: number;
  #since: number;
  #waited = 0;
  #taken = 0;

  /** `given` lanes, 0 for what it takes; `most` lanes are of use. */
  constructor(given: number, most: number, now: number) {
    this.#given = given;
    this.#most = most;
    this.#since = now;
  }

  /** How many lanes there are at the beginning, with so many replicas. */
  first(replicas: number): number {
    const few = Math.max(rules.leastLanes, Math.min(replicas, rules.firstLanes));
    return Math.max(1, Math.min(this.#given || few, this.#most));
  }

  /** Notes that the trainer has a batch, and since when it waited for it. */
  took(wantedSince: number | null, now: number): void {
    this.#taken++;
    if (wantedSince !== null) this.#waited += now - Math.max(wantedSince, this.#since);
  }

  /** How many lanes it takes now, where there are `lanes` and the trainer may wait since some time. */
  next(lanes: number, replicas: number, wantedSince: number | null, now: number): number {
    const limit = Math.min(this.#most, rules.mostLanes, rules.lanesPerReplica * replicas);
    const passed = now - this.#since;
    if (this.#given > 0 || lanes >= limit || passed < rules.starvedSeconds * 1000 || this.#taken < lanes) return lanes;
    this.took(wantedSince, now);
    const isStarved = this.#waited > rules.starvedShare * passed;
    this.#since = now;
    this.#waited = this.#taken = 0;
    return isStarved ? Math.min(2 * lanes, limit) : lanes;
  }
}
