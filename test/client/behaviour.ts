import type { Behaviour } from '../../src/client/behaviour.js';

const verdicts = { again: 'elsewhere, and later', refused: 'others are asked; over where all refuse', end: 'over' };

/** The tables of docs/client-behaviour.md. */
export function tables({ options, rules, channel, verdicts: { codes, reasons } }: Behaviour): string {
  const settings = Object.entries(options).map(
    ([name, { default: value, unit, is }]) => `| \`${name}\` | \`${camel(name)}\` | ${value} | ${unit} | ${is} |`,
  );
  const fixed = Object.entries(rules).map(
    ([name, { value, unit, is }]) => `| ${name.replaceAll('_', ' ')} | ${value} | ${unit} | ${is} |`,
  );
  const channels = Object.entries(channel).map(([name, { value, unit }]) => `| \`${name}\` | ${value} | ${unit} |`);
  const answers = Object.entries({ ...codes, ...reasons }).map(
    ([name, verdict]) => `| \`${name}\` | ${verdicts[verdict]} |`,
  );
  return [
    ...[
      '## What a trainer may set',
      '',
      '| Python | TypeScript | default | unit | is |',
      '|---|---|---|---|---|',
      ...settings,
      '',
    ],
    ...['## What holds for all', '', '| rule | value | unit | is |', '|---|---|---|---|', ...fixed, ''],
    ...['## Channels', '', '| option of gRPC | value | unit |', '|---|---|---|', ...channels, ''],
    ...['## What an error does', '', '| code or reason | the request is tried again |', '|---|---|', ...answers, ''],
  ].join('\n');
}

function camel(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
