import { mersenneTwister } from '../../src/sample/mersenne-twister.js';

/** How many there are of what faults befall. */
export interface Places {
  readonly replicas: number;
  readonly trainers: number;
}

/** Every kind of fault: what it befalls, how long it lasts at the most, in seconds, and how often it is drawn among the others. */
const kinds = {
  'replica killed': { of: 'replica', longest: 4, weight: 3 },
  'replica stopped': { of: 'replica', longest: 8, weight: 3 },
  'replica drained': { of: 'replica', longest: 3, weight: 2 },
  'link cut': { of: 'link', longest: 5, weight: 3 },
  'link stalled': { of: 'link', longest: 8, weight: 3 },
  'link slow': { of: 'link', longest: 8, weight: 2 },
  'link trickling': { of: 'link', longest: 8, weight: 2 },
  'cache disk full': { of: 'cache', longest: 10, weight: 2 },
  'cache folder removed': { of: 'cache', longest: 1, weight: 1 },
  'clock of a replica jumps': { of: 'replica clock', longest: 10, weight: 2 },
  'clock of a trainer jumps': { of: 'trainer clock', longest: 10, weight: 2 },
  'storage slow': { of: 'storage', longest: 8, weight: 1 },
  'storage hung': { of: 'storage', longest: 15, weight: 1 },
  'storage failing': { of: 'storage', longest: 8, weight: 1 },
  'trainer killed': { of: 'trainer', longest: 3, weight: 2 },
  'trainer stopped': { of: 'trainer', longest: 8, weight: 2 },
  overload: { of: 'crowd', longest: 6, weight: 1 },
  'certificate renewed': { of: 'certificate', longest: 1, weight: 1 },
  'certificate and key that do not fit': { of: 'certificate', longest: 15, weight: 1 },
} as const;

/** A kind of fault. */
export type Kind = keyof typeof kinds;

/** One fault, as it is drawn. */
export interface Fault {
  /** Seconds after the beginning. */
  readonly at: number;
  readonly kind: Kind;
  /** Which of its places. */
  readonly place: number;
  readonly seconds: number;
  /** How much of it there is, in [0, 1): each kind has its own measure. */
  readonly amount: number;
}

/** Seconds between the beginnings of two faults, at the most. */
const longestGap = 3;

/** The faults of so many seconds: the same for the same seed. No two befall one place at a time. */
export function drawFaults(seed: number, seconds: number, { replicas, trainers }: Places): Fault[] {
  const counts = { replica: replicas, link: replicas, cache: replicas, 'replica clock': replicas };
  const places: Readonly<Record<string, number>> = { ...counts, trainer: trainers, 'trainer clock': trainers };
  const names = Object.keys(kinds) as Kind[];
  const urn = names.flatMap((kind) => Array.from({ length: kinds[kind].weight }, () => kind));
  const random = mersenneTwister(seed);
  const busyUntil = new Map<string, number>();
  const faults: Fault[] = [];
  for (let at = random.rand() * longestGap; at < seconds; at += random.rand() * longestGap) {
    const kind = urn[random.randint(0, urn.length)]!;
    const { of, longest } = kinds[kind];
    const place = random.randint(0, places[of] ?? 1);
    const fault = { at, kind, place, seconds: Math.min(random.rand() * longest, seconds - at), amount: random.rand() };
    const name = placeOf(fault);
    if ((busyUntil.get(name) ?? 0) > at) continue;
    busyUntil.set(name, at + fault.seconds + 1);
    faults.push(fault);
  }
  return faults;
}

/** What a fault befalls: one at a time. */
export function placeOf({ kind, place }: Pick<Fault, 'kind' | 'place'>): string {
  return `${kinds[kind].of} ${place}`;
}

/** A fault as a line of the report. */
export function told({ at, kind, place, seconds, amount }: Fault): string {
  return `${at.toFixed(2).padStart(9)} s  ${kind}, ${place}, for ${seconds.toFixed(2)} s, ${amount.toFixed(2)}`;
}
