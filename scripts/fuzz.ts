import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { TributaryError } from '../src/errors.js';
import { openTargets, type Target } from './fuzz/targets.js';
import { mutantOf } from './mutants.js';
import { randomness } from './random-knobs.js';

// node dist/scripts/fuzz.js [TARGET ...] [--executions N] [--seconds S] [--seed N]: see scripts/fuzz.sh.

/** Milliseconds that nothing may take, whatever it reads: the bound of a decode is five seconds here. */
const longest = 10_000;

/** What a target made of what it was given. */
export interface Fuzzed {
  readonly executions: number;
  readonly refused: number;
  readonly slowest: number;
  /** What was not foreseen, each with the bytes that led to it. */
  readonly found: readonly { readonly why: string; readonly bytes: Buffer }[];
}

/** Gives a target damaged seeds, damaged up to four times over; the same for the same seed. It ends after so many, or so many seconds. */
export async function fuzz(target: Target, seed: number, executions: number, seconds: number): Promise<Fuzzed> {
  const random = randomness(seed);
  const found: { why: string; bytes: Buffer }[] = [];
  const end = performance.now() + seconds * 1000;
  let [done, refused, slowest] = [0, 0, 0];
  for (; done < executions && performance.now() < end; done++) {
    let bytes = random.pick(target.seeds);
    for (let times = random.below(4); times >= 0; times--)
      bytes = bytes.length < 2 ? bytes : mutantOf(bytes, target.format, random, random.pick(target.seeds)).bytes;
    const start = performance.now();
    try {
      await target.read(bytes);
    } catch (error) {
      refused++;
      const isForeseen = error instanceof TributaryError || target.isRefusal?.(error as Error);
      if (!isForeseen) found.push({ why: (error as Error).stack ?? String(error), bytes });
    }
    const took = performance.now() - start;
    slowest = Math.max(slowest, took);
    if (took > longest) found.push({ why: `it took ${took.toFixed(0)} ms`, bytes });
  }
  return { executions: done, refused, slowest, found };
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      executions: { type: 'string', default: '100000' },
      seconds: { type: 'string', default: '86400' },
      seed: { type: 'string', default: '1' },
    },
  });
  const targets = await openTargets();
  process.stdout.write('| parser | executions | refused | slowest, ms | found |\n|---|---|---|---|---|\n');
  for (const [name, target] of Object.entries(targets)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const { executions, refused, slowest, found } = await fuzz(
      target,
      Number(values.seed),
      Number(values.executions),
      Number(values.seconds),
    );
    process.stdout.write(`| ${name} | ${executions} | ${refused} | ${slowest.toFixed(0)} | ${found.length} |\n`);
    for (const [index, { why, bytes }] of found.slice(0, 5).entries()) {
      writeFileSync(`fuzz-${name}-${index}`, bytes);
      process.stdout.write(`fuzz-${name}-${index}: ${why}\n`);
      process.exitCode = 1;
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
