import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { type Reason, TributaryError } from '../errors.js';
import type { Config } from '../run/config.js';
import cpus from './cpus.cjs';

/** The option that every command with a config shares. */
export const configOption = () => new Option('--config <file>', 'the config').default('tributary.yaml');

/** Whose samples of a run, where they are not those of its own split. */
export const splitOption = (description = "the split, in the place of the run's own") =>
  new Option('--split <split>', description).choices(['train', 'val'] as const);

/** A run as evaluation has it. */
export const evaluateOption = () =>
  new Option('--evaluate', 'every sample once, in order, resized and centre-cropped; the default of --split val');

/** The run that options select, by its name, as a request has it. */
export function selected({
  run,
  split,
  evaluate,
}: {
  run: string;
  split?: string | undefined;
  evaluate?: boolean | undefined;
}) {
  return { name: run, ...(split && { split }), ...(evaluate === undefined ? {} : { evaluate }) };
}

/** Where the steps of samples run that a backend takes. */
export const backendOption = () =>
  new Option('--backend <name>', 'where the steps run that a backend takes')
    .choices(['auto', 'webgpu', 'webasm', 'cpu', 'simd'] as const)
    .default('auto' as const);

/** Number of worker threads. */
export const workersOption = () =>
  new Option('--workers <n>', 'worker threads')
    .argParser(positiveInteger)
    .default(cpus(), 'the number of CPUs that it may use');

/** Reads the config that a command names. CONFIG_UNREADABLE where the file cannot be read. */
export async function readConfig(file: string): Promise<Config> {
  const remedy = 'Name the config with --config, or write one: docs/configuration.md shows how';
  // What reads a config is most of what a command loads, and few commands need it.
  const { parseConfig } = await import('../run/config.js');
  const text = await readInput(file, 'the config', remedy, 'CONFIG_UNREADABLE');
  return parseConfig(text.toString('utf8'), { folder: dirname(resolve(file)), name: file });
}

/** Reads a file that a command was told to read: `what` for messages. */
export async function readInput(
  file: string,
  what: string,
  remedy: string,
  reason: Reason = 'ARGUMENT_INVALID',
): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const expected = `to read ${what} ${file}`;
    throw new TributaryError(reason, {
      expected,
      came: (error as Error).message,
      remedy,
      metadata: { file },
      cause: error,
    });
  }
}

/** Parses an integer of 0 or more. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('Expected an integer of 0 or more.');
  return value;
}

/** Parses an integer of 1 or more. */
export function positiveInteger(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError('Expected an integer of 1 or more.');
  return value;
}

/** Parses a time in seconds, above 0. */
export function seconds(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value === 0) throw new InvalidArgumentError('Expected seconds, a number above 0.');
  return value;
}

/** Parses `A..B`, both inclusive, or `A` for a single step. */
export function stepRange(text: string): { first: number; count: number } {
  const match = /^(\d+)(?:\.\.(\d+))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || last < first)
    throw new InvalidArgumentError('Expected steps as A..B with A no greater than B, or one step.');
  return { first, count: last - first + 1 };
}

const units: Readonly<Record<string, number>> = { '': 1, K: 1 << 10, M: 1 << 20, G: 2 ** 30, T: 2 ** 40 };

/** Parses a size in bytes: `2GiB`, `512MiB`, `1000000`. */
export function byteSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:iB|B)?$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Expected a size such as 2GiB, 512MiB or a number of bytes.');
  return Math.round(Number(match[1]) * units[match[2]!]!);
}

/** Parses `host:port`. */
export function hostPort(text: string): string {
  const match = /^(.+):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[2]) > 65_535)
    throw new InvalidArgumentError('Expected host:port, as in 127.0.0.1:50051.');
  return text;
}

/** Reads JSON; `otherwise` where the text is none. */
export function jsonOf(text: string, otherwise: unknown): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}
