import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChannelOptions } from '@grpc/grpc-js';
import { camelCase } from '../contract/camel-case.js';
import { protosFolder } from '../contract/contract.js';

/**
 * What an error means for its request: it is over; this replica refuses it and others may not; or it is tried again,
 * elsewhere where there is an elsewhere, and later.
 */
export type Verdict = 'end' | 'refused' | 'again';

interface Entry {
  readonly unit: string;
  readonly is?: string;
}

/** How both clients behave, as `protos/client-behaviour.json` has it and docs/client-behaviour.md shows it. */
export interface Behaviour {
  readonly options: Readonly<Record<string, Entry & { readonly default: number }>>;
  readonly rules: Readonly<Record<string, Entry & { readonly value: number }>>;
  readonly channel: Readonly<Record<string, Entry & { readonly value: number }>>;
  readonly verdicts: {
    readonly codes: Readonly<Record<string, Verdict>>;
    readonly reasons: Readonly<Record<string, Verdict>>;
  };
}

/** The table. The Python package has the same, byte for byte. */
export const behaviour: Behaviour = JSON.parse(readFileSync(join(protosFolder, 'client-behaviour.json'), 'utf8'));

/** What a trainer may set. Times in seconds; docs/client-behaviour.md says what each is. */
export interface ClientOptions {
  readonly lanes: number;
  readonly lease: number;
  readonly prefetch: number;
  readonly budgetBytes: number;
  readonly connectTimeout: number;
  readonly stallTimeout: number;
  readonly patience: number;
  readonly hedgeFactor: number;
  readonly hedgeSeconds: number;
  readonly resolveInterval: number;
}

export const defaultOptions = camelCase(
  mapped(behaviour.options, (entry) => entry.default),
) as unknown as ClientOptions;

/** What nobody may set. Times in seconds. */
export const rules = camelCase(mapped(behaviour.rules, (entry) => entry.value)) as Readonly<
  Record<
    | 'leastLanes'
    | 'firstLanes'
    | 'lanesPerReplica'
    | 'mostLanes'
    | 'connections'
    | 'starvedShare'
    | 'starvedSeconds'
    | 'prefetchPerLane'
    | 'firstHedgeSeconds'
    | 'hedgeShare'
    | 'hedgeBurst'
    | 'slowSeconds'
    | 'medianOf'
    | 'comparedBehind'
    | 'crcAttempts'
    | 'tick'
    | 'longestGap'
    | 'firstPause'
    | 'longestPause'
    | 'refusedPause'
    | 'askedFirst'
    | 'answerSeconds'
    | 'agreeSeconds',
    number
  >
>;

/** Options of every channel, by gRPC's names. */
export const channelOptions: ChannelOptions = mapped(behaviour.channel, (entry) => entry.value);

/** What an error of this gRPC code, and this reason where a replica gave one, means. */
export function verdictOf(code: string, reason = ''): Verdict {
  return behaviour.verdicts.reasons[reason] ?? behaviour.verdicts.codes[code] ?? 'again';
}

function mapped<T>(entries: Readonly<Record<string, T>>, value: (entry: T) => number): Record<string, number> {
  return Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, value(entry)]));
}
