import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { bounds, checkBound } from '../contract/bounds.js';
import { TributaryError } from '../errors.js';
import { integer, isMapping, mapping, nameExpected, namePattern, number } from './fields.js';
import { defaultLimits, type Limits } from './limits.js';
import { check, dotted, type Problem, refuse, shown, unknownAmong } from './problems.js';
import type { Run } from './run.js';
import { readRun } from './run-schema.js';
import { suggestion } from './similar-names.js';
import { parseYaml } from './yaml-text.js';

/** A source as the config says it. */
export interface SourceConfig {
  readonly name: string;
  /** A URL, or a path that is absolute where the config's folder is. */
  readonly path: string;
  /** The name of a layout, which opening the source checks; undefined: found by looking. */
  readonly layout: string | undefined;
  /**
   * Where links inside the source may lead beside the source itself: anywhere, or into these folders (as `path` is). With it,
   * links to folders are followed in every layout.
   */
  readonly followLinks?: true | readonly string[];
  /** Keys that are taken out of every epoch, or the file that has one on each line. */
  readonly exclude?: string | readonly string[];
  /** The table beside the source: JSON lines or Parquet, with a key and whatever else is known of a sample. */
  readonly table?: string;
  /** What a sample's row of the table must say for it to be one: by column. */
  readonly where?: Where;
  /** What of the table, or of its own Parquet files, the headers of batches tell of each sample: names of columns. */
  readonly columns?: readonly string[];
}

/** Conditions by column, all of which must hold. */
export type Where = Readonly<Record<string, Condition>>;

/** What a column must be: this value, one of these, or a number within bounds, which belong to it. */
export type Condition = Scalar | readonly Scalar[] | { readonly min?: number; readonly max?: number };
type Scalar = string | number | boolean | null;

/** A config file, resolved. Use `findRun` and `findSource` to look up names that come from outside. */
export interface Config {
  /** What messages call the file. */
  readonly name: string;
  readonly folder: string;
  /** The folder of the manifests, or its URL. */
  readonly index: string;
  readonly sources: Readonly<Record<string, SourceConfig>>;
  readonly runs: Readonly<Record<string, Run>>;
  readonly limits: Limits;
  /** Whether requests may carry runs; undefined where it does not say. */
  readonly inlineRuns?: boolean;
}

const invalid = { reason: 'CONFIG_INVALID' } as const;

const limitFields = z.strictObject(
  {
    pixels: integer(1, Number.MAX_SAFE_INTEGER),
    bytes: integer(1, Number.MAX_SAFE_INTEGER),
    seconds: number('a number of seconds above 0', (value) => value > 0),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'a mapping of limits' : undefined) },
);

const topLevel = z.strictObject(
  {
    sources: mapping(1),
    runs: mapping(0).optional(),
    index: z.string({ error: 'the path of a folder' }).min(1, { error: 'the path of a folder' }).optional(),
    limits: limitFields.partial().optional(),
    inline_runs: z.boolean({ error: 'true or false' }).optional(),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'a mapping with sources and runs' : undefined) },
);

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const condition = z.union([scalar, z.array(scalar), z.strictObject({ min: z.number(), max: z.number() }).partial()], {
  error: 'a value, a list of values, or bounds as {min: 1, max: 2}',
});

const sourceSchema = z.preprocess(
  (value) => (typeof value === 'string' ? { path: value } : value),
  z.strictObject(
    {
      path: z.string({ error: 'the path of a folder' }).min(1, { error: 'the path of a folder' }),
      layout: z.string({ error: 'the name of a layout' }).optional(),
      follow_links: z
        .custom<true | string[]>(isLinkPolicy, { error: 'true, or a list of folders', params: invalid })
        .optional(),
      exclude: z
        .custom<string | string[]>(isKeys, { error: 'a list of keys, or the path of a file of keys', params: invalid })
        .optional(),
      table: z.string({ error: 'the path of a file of JSON lines or Parquet' }).min(1).optional(),
      where: z.record(z.string(), condition, { error: 'a mapping of columns to conditions' }).optional(),
      columns: z
        .array(z.string().min(1), { error: 'a list of names of columns' })
        .min(1, { error: 'a list of names of columns' })
        .optional(),
    },
    { error: (issue) => (issue.code === 'invalid_type' ? 'a path, or a mapping with a path' : undefined) },
  ),
);

/**
 * Reads a config. Relative paths are relative to `folder`; nothing is touched on disk.
 *
 * @param where the config's folder, absolute, and what messages call the file.
 * @throws TributaryError CONFIG_UNREADABLE for text that is no YAML; otherwise one error for all problems, one line each,
 *   with the reason of the problem, or CONFIG_INVALID where there are several kinds.
 */
export function parseConfig(
  text: string,
  { folder, name }: { readonly folder: string; readonly name: string },
): Config {
  const yaml = parseYaml(text, name);
  const { data, problems } = check(topLevel, yaml.value, [], unknownKeyIn(yaml.value));
  const raw = isMapping(yaml.value) ? yaml.value : {};
  const limits = { ...defaultLimits, ...(data?.limits as Partial<Limits> | undefined) };
  const sources = entries(raw.sources, 'sources').map((entry) => readSource(entry, folder));
  const sourceNames = Object.keys(isMapping(raw.sources) ? raw.sources : {});
  const runs = entries(raw.runs, 'runs').map(({ name, value, path, problems }) => {
    const run = readRun(name, value, sourceNames, limits, path);
    return { name, value: run.data, problems: [...problems, ...run.problems] };
  });
  refuse([...problems, ...[...sources, ...runs].flatMap((entry) => entry.problems)], yaml);
  return {
    name,
    folder,
    index: placed(folder, data?.index ?? '.tributary'),
    sources: Object.fromEntries(sources.map(({ name, value }) => [name, value!])),
    runs: Object.fromEntries(runs.map(({ name, value }) => [name, value!])),
    limits,
    ...(data?.inline_runs !== undefined && { inlineRuns: data.inline_runs }),
  };
}

function isLinkPolicy(value: unknown): boolean {
  return value === true || (Array.isArray(value) && value.length > 0 && value.every(isText));
}

function isKeys(value: unknown): boolean {
  return isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText));
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

/** Reads one run that is already a value, with sources and limits of `config`. Throws as `parseConfig` does. */
export function parseRun(name: string, value: unknown, config: Config): Run {
  const path = ['runs', name];
  const { data, problems } = readRun(name, value, Object.keys(config.sources), config.limits, path);
  refuse([...nameProblems(name, path), ...problems]);
  return data!;
}

/** The bound on a run that a request carries. @throws TributaryError TOO_MUCH_ASKED */
export function checkInlineRun(text: string): void {
  const remedy = 'Put the run into the config, and ask for it by name';
  checkBound(text.length, bounds.inlineRun, 'characters in an inline run', remedy);
}

/**
 * Reads a run that a request carries: YAML or JSON with the keys that a run has in the config. Its name is empty.
 *
 * @throws TributaryError TOO_MUCH_ASKED beyond `bounds.inlineRun`, otherwise as `parseConfig` does.
 */
export function parseInlineRun(text: string, config: Config): Run {
  checkInlineRun(text);
  const yaml = parseYaml(text, 'inline run');
  const { data, problems } = readRun('', yaml.value, Object.keys(config.sources), config.limits, []);
  refuse(problems, yaml);
  return data!;
}

/** The run of a name. @throws TributaryError UNKNOWN_RUN with the nearest names. */
export function findRun(config: Config, name: string): Run {
  if (Object.hasOwn(config.runs, name)) return config.runs[name]!;
  throw unknown('UNKNOWN_RUN', 'run', name, Object.keys(config.runs), config.name);
}

/** The source of a name. @throws TributaryError UNKNOWN_SOURCE with the nearest names. */
export function findSource(config: Config, name: string): SourceConfig {
  if (Object.hasOwn(config.sources, name)) return config.sources[name]!;
  throw unknown('UNKNOWN_SOURCE', 'source', name, Object.keys(config.sources), config.name);
}

function unknown(reason: 'UNKNOWN_RUN' | 'UNKNOWN_SOURCE', word: string, name: string, known: string[], file: string) {
  return new TributaryError(reason, {
    expected: `a ${word} of ${file}`,
    came: shown(name),
    remedy: suggestion(name, known),
    metadata: { [word]: name },
  });
}

interface Entry {
  readonly name: string;
  readonly value: unknown;
  readonly path: readonly string[];
  readonly problems: readonly Problem[];
}

function entries(value: unknown, section: string): Entry[] {
  if (!isMapping(value)) return [];
  return Object.entries(value).map(([name, inner]) => {
    const path = [section, name];
    return { name, value: inner, path, problems: nameProblems(name, path) };
  });
}

function nameProblems(name: string, path: readonly string[]): Problem[] {
  if (namePattern.test(name)) return [];
  const expected = `${nameExpected} in ${path[0]}`;
  return [{ ...invalid, path, expected, came: shown(name), remedy: 'Rename it' }];
}

function readSource({ name, value, path, problems }: Entry, folder: string) {
  const { data, problems: found } = check(
    sourceSchema,
    value,
    path,
    unknownAmong(['path', 'layout', 'follow_links', 'exclude', 'table', 'where', 'columns']),
  );
  const inFolder = (path: string) => placed(folder, path);
  const source: SourceConfig | null = data && {
    name,
    path: inFolder(data.path),
    layout: data.layout,
    ...(data.exclude && { exclude: typeof data.exclude === 'string' ? inFolder(data.exclude) : data.exclude }),
    ...(data.table && { table: inFolder(data.table) }),
    ...(data.where && { where: data.where as Where }),
    ...(data.columns && { columns: data.columns }),
    ...(data.follow_links && { followLinks: data.follow_links === true || data.follow_links.map(inFolder) }),
  };
  const isUsed = data?.where !== undefined || data?.columns !== undefined;
  const alone = data?.table === undefined ? data?.where !== undefined : !isUsed;
  const table = {
    ...invalid,
    path,
    expected: 'a table with where or columns, and where with a table',
    came: data?.table === undefined ? 'where alone' : 'table alone',
    remedy: 'Give both, or none',
  };
  return { name, value: source, problems: [...problems, ...found, ...(alone ? [table] : [])] };
}

function unknownKeyIn(value: unknown) {
  return (key: string, path: readonly PropertyKey[]): Problem => {
    if (dotted(path) === 'limits') return unknownAmong(Object.keys(limitFields.shape))(key, path);
    const problem = unknownAmong(Object.keys(topLevel.shape))(key, path);
    // A run's key one level too high is the likeliest mistake of all.
    const run = isMapping(value) && isMapping(value[key]) && 'recipe' in value[key];
    return run ? { ...problem, remedy: `Move ${key} under runs` } : problem;
  };
}

/** A path as it is from a folder; a URL as it stands. */
function placed(folder: string, path: string): string {
  if (/^[a-z][a-z\d+.-]+:\//i.test(path)) return path;
  return isAbsolute(path) ? join(path) : join(folder, path);
}
