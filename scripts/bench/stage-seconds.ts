/** Sum and number of a histogram's observations so far. */
export interface StageTotal {
  readonly seconds: number;
  readonly count: number;
}

/** Reads the sums of `tributary_stage_seconds` out of a replica's /metrics text, by stage. */
export function parseStages(text: string): Map<string, StageTotal> {
  const totals = new Map<string, StageTotal>();
  for (const [, kind, stage, value] of text.matchAll(
    /^tributary_stage_seconds_(sum|count)\{[^}\n]*stage="(\w+)"[^}\n]*\} (\S+)$/gm,
  )) {
    const { seconds, count } = totals.get(stage!) ?? { seconds: 0, count: 0 };
    totals.set(stage!, kind === 'sum' ? { seconds: Number(value), count } : { seconds, count: Number(value) });
  }
  return totals;
}

/** Mean milliseconds of a sample in each stage between two readings; stages without a sample are left out. */
export function stagesBetween(
  before: ReadonlyMap<string, StageTotal>,
  after: ReadonlyMap<string, StageTotal>,
): Record<string, number> {
  const result: Record<string, number> = {};
  for (const [stage, { seconds, count }] of after) {
    const start = before.get(stage) ?? { seconds: 0, count: 0 };
    if (count > start.count) result[stage] = (1000 * (seconds - start.seconds)) / (count - start.count);
  }
  return result;
}
