import type { Summary } from './results.js';
import { grouped, type Spread } from './statistics.js';

const columns = [
  '',
  'images/s',
  'least to most',
  'x DataLoader',
  'of sharp',
  'of turbo',
  'CPU ms an image',
  'stages, ms an image; stalls, ms',
];

/** The summaries as plain text: a block for each file set and recipe, what does not depend on the recipe last. */
export function table(summaries: readonly Summary[], label: (contestant: string) => string): string {
  const blocks = grouped(summaries, ({ files, recipe }) => `${files}, ${recipe ?? 'whichever recipe'}`);
  return [...blocks]
    .map(([title, block]) => {
      const lines = [columns, ...block.map((summary) => cells(summary, label))];
      const widths = columns.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
      const text = lines.map((line) =>
        line
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd(),
      );
      return `${title}\n${text.map((line) => `  ${line}`).join('\n')}\n`;
    })
    .join('\n');
}

function cells(summary: Summary, label: (contestant: string) => string): string[] {
  const { imagesPerSecond: rate } = summary;
  return [
    label(summary.contestant),
    rate.median.toFixed(0),
    `${rate.least.toFixed(0)} to ${rate.most.toFixed(0)}`,
    ratio(summary.timesDataLoader),
    ratio(summary.ofDecodeCeiling),
    ratio(summary.ofTurbo),
    named(summary.cpuMs),
    named({ ...summary.stageMs, ...summary.delayMs }),
  ];
}

function ratio(value: Spread | null): string {
  return value === null ? '' : value.median.toFixed(2);
}

function named(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value.toFixed(2)}`)
    .join(', ');
}
