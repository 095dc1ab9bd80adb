import type { z } from 'zod';
import { type Reason, TributaryError } from '../errors.js';
import { suggestion } from './similar-names.js';

/** One thing that is wrong with a value from outside. */
export interface Problem {
  readonly reason: Reason;
  /** Where: the keys and indices from the top of the value. */
  readonly path: readonly PropertyKey[];
  readonly expected: string;
  readonly came: string;
  /** A whole sentence without its full stop. */
  readonly remedy: string;
}

/** The text that a value came in. */
export interface Place {
  /** Its name for people: the file's name, or what else it is. */
  readonly name: string;
  /** The line of a path in it, from 1; undefined where it has none. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

/** A path as people write it: `runs.fastvit.scale`. */
export function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}

/** A value as a message shows it: short, and never an empty string. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return `${value}`;
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** Details that a field's own check gives beside its message, which says what was expected. */
export interface FieldDetail {
  readonly reason?: Reason;
  readonly came?: string;
  readonly remedy?: string;
}

/** What is wrong with an unknown key. */
export type UnknownKey = (key: string, path: readonly PropertyKey[]) => Problem;

/** An `UnknownKey` for a mapping that holds nothing but `known` keys, or what else they are called. */
export function unknownAmong(known: readonly string[], noun = 'key', reason: Reason = 'CONFIG_INVALID'): UnknownKey {
  return (key, path) => ({
    reason,
    path: [...path, key],
    expected: path.length === 0 ? `a known ${noun}` : `a known ${noun} in ${dotted(path)}`,
    came: shown(key),
    // Looked for only where it is shown: a text can have thousands.
    get remedy() {
      return suggestion(key, known);
    },
  });
}

/** A value that is as it should be, or all that is wrong with it. */
export type Checked<T> =
  | { readonly data: T; readonly problems: readonly [] }
  | { readonly data: null; readonly problems: readonly Problem[] };

/**
 * Parses a value by a schema and collects every problem. A field's error message is what it expects; a value of the right
 * type that its check refuses is `KNOB_OUT_OF_RANGE`, unless the check says otherwise.
 */
export function check<T>(
  schema: z.ZodType<T>,
  value: unknown,
  path: readonly PropertyKey[],
  unknownKey: UnknownKey,
): Checked<T> {
  const result = schema.safeParse(value);
  if (result.success) return { data: result.data, problems: [] };
  const problems = result.error.issues.flatMap((issue): Problem[] => {
    const at = [...path, ...issue.path];
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, at));
    const detail: FieldDetail = issue.code === 'custom' ? (issue.params ?? {}) : {};
    const found = issue.path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)?.[key], value);
    const name = at.length === 0 ? 'the text' : String(at.at(-1));
    return [
      {
        reason: detail.reason ?? (issue.code === 'custom' ? 'KNOB_OUT_OF_RANGE' : 'CONFIG_INVALID'),
        path: at,
        expected: at.length === 0 ? issue.message : `${issue.message} for ${dotted(at)}`,
        came: detail.came ?? (at.length === 0 && found === null ? 'an empty text' : shown(found)),
        remedy:
          detail.remedy ??
          (found === undefined && at.length > 0
            ? `Add ${name}`
            : at.length === 0
              ? `Write ${issue.message}`
              : `Set ${name} to ${issue.message}`),
      },
    ];
  });
  return { data: null, problems };
}

/** Problems that one message holds: it travels in a gRPC trailer, which has a bound. */
const mostShown = 20;

/** Throws one error for all problems; returns where there is none. The reason is CONFIG_INVALID where they disagree. */
export function refuse(problems: readonly Problem[], place?: Place): void {
  const [first] = problems;
  if (first === undefined) return;
  const lineOf = (problem: Problem) => place?.lineOf(problem.path);
  if (problems.length === 1) {
    const line = lineOf(first);
    const where = place === undefined ? '' : line === undefined ? ` (${place.name})` : ` (${place.name}, line ${line})`;
    throw new TributaryError(first.reason, {
      expected: first.expected,
      came: `${first.came}${where}`,
      remedy: first.remedy,
      metadata: { key: dotted(first.path), ...(line === undefined ? {} : { line: `${line}` }) },
    });
  }
  const lined = problems.map((problem) => ({ problem, line: lineOf(problem) }));
  const shownOnes = lined.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)).slice(0, mostShown);
  const lines = shownOnes.map(({ line, problem: { expected, came, remedy } }) => {
    const where = line === undefined ? '' : `line ${line}: `;
    return `\n  ${where}expected ${expected}, but got ${came}. ${remedy}`;
  });
  const more = problems.length > mostShown ? [`\n  and ${problems.length - mostShown} more`] : [];
  const alike = problems.every(({ reason }) => reason === first.reason);
  throw new TributaryError(alike ? first.reason : 'CONFIG_INVALID', {
    expected: place === undefined ? 'valid values' : `valid values in ${place.name}`,
    came: `${problems.length} problems:${[...lines, ...more].join('.')}`,
    remedy: 'Correct each of these',
    metadata: { keys: shownOnes.map(({ problem }) => dotted(problem.path)).join(',') },
  });
}
