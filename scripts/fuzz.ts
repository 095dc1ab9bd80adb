import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { countBranches } from './fuzz/branches.js';
import { watch } from './fuzz/watchdog.js';

// node dist/scripts/fuzz.js [TARGET ...] [--executions N] [--seconds S] [--seed N] [--keep]: see scripts/fuzz.sh.

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    executions: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '86400' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
  },
});

const branches = countBranches();
// Loaded with marks, which modules that are loaded before do not get.
const { openTargets, seedsPath } = await import('./fuzz/targets.js');
const { textSeeds } = await import('./fuzz/target.js');
const { distilled, fuzzTarget } = await import('./fuzz/fuzz-target.js');

const bounds = {
  seed: Number(values.seed),
  executions: Number(values.executions),
  seconds: Number(values.seconds),
};
const onGiven = watch('fuzz-endless');
const targets = Object.entries(await openTargets());
const asked = targets.filter(([name]) => positionals.length === 0 || positionals.includes(name));
process.stdout.write(
  '| parser | executions | refused | branches | microseconds each | slowest, ms | found |\n|---|---|---|---|---|---|---|\n',
);
for (const [name, target] of asked) {
  branches.clear();
  const start = process.cpuUsage();
  const { executions, refused, slowest, found, kept } = await fuzzTarget(target, bounds, branches, onGiven);
  const { user, system } = process.cpuUsage(start);
  const each = ((user + system) / executions).toFixed(0);
  const cells = [name, executions, refused, branches.count, each, slowest.toFixed(0), found.length];
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
  for (const [index, { why, bytes }] of found.slice(0, 5).entries()) {
    writeFileSync(`fuzz-${name}-${index}`, bytes);
    process.stdout.write(`fuzz-${name}-${index}: ${why}\n`);
    process.exitCode = 1;
  }
  if (!values.keep || target.isFresh) continue;
  const lines = (await distilled(target, [...textSeeds(seedsPath(name)), ...kept], branches)).map(
    (bytes) => `${bytes.toString('base64')}\n`,
  );
  writeFileSync(seedsPath(name), lines.join(''));
}
process.exit();
