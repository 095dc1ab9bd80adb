import type { Measurement } from './measure.js';
import { grouped, median, pairedRatios, type Spread, spread } from './statistics.js';

/** One measurement with what it is of. `recipe` is null for what does not depend on it. */
export interface Row extends Measurement {
  readonly contestant: string;
  readonly recipe: string | null;
  readonly files: string;
  readonly round: number;
}

/** All rounds of one contestant on one recipe and file set. */
export interface Summary {
  readonly contestant: string;
  readonly recipe: string | null;
  readonly files: string;
  readonly imagesPerSecond: Spread;
  /** Medians over the rounds. */
  readonly cpuMs: Readonly<Record<string, number>>;
  readonly stageMs: Readonly<Record<string, number>>;
  readonly delayMs: Readonly<Record<string, number>>;
  /** Against the DataLoader of the same rounds, cold against cold; null where that does not run. */
  readonly timesDataLoader: Spread | null;
  /** Against sharp's decoding alone in the same rounds. */
  readonly ofDecodeCeiling: Spread | null;
  /** Against libjpeg-turbo's. */
  readonly ofTurbo: Spread | null;
}

/** Summaries of all rows, in the order in which they were first run. */
export function summarise(rows: readonly Row[]): Summary[] {
  const groups = grouped(rows, ({ contestant, recipe, files }) => `${files} ${recipe} ${contestant}`);
  return [...groups.values()].map((group) => {
    const { contestant, recipe, files } = group[0]!;
    const against = (other: string, ofRecipe: string | null): Spread | null => {
      const ratios = pairedRatios(rates(group), rates(groups.get(`${files} ${ofRecipe} ${other}`) ?? []));
      return ratios.length === 0 ? null : spread(ratios);
    };
    const baseline = contestant.endsWith('-cold') ? 'dataloader-cold' : 'dataloader';
    return {
      contestant,
      recipe,
      files,
      imagesPerSecond: spread(group.map((row) => row.imagesPerSecond)),
      cpuMs: medians(group.map((row) => row.cpuMs)),
      stageMs: medians(group.map((row) => row.stageMs)),
      delayMs: medians(group.map((row) => row.delayMs)),
      timesDataLoader: recipe === null ? null : against(baseline, recipe),
      ofDecodeCeiling: against('sharp-decode', null),
      ofTurbo: against('turbo-decode', null),
    };
  });
}

function rates(rows: readonly Row[]): Map<number, number> {
  return new Map(rows.map((row) => [row.round, row.imagesPerSecond]));
}

function medians(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const keys = new Set(records.flatMap((record) => Object.keys(record)));
  return Object.fromEntries(
    [...keys].map((key) => [key, median(records.flatMap((record) => (key in record ? [record[key]!] : [])))]),
  );
}
