import { z } from 'zod';
import type { FieldDetail } from './problems.js';
import { suggestion } from './similar-names.js';

/** A finite number that `holds`; `expected` says which. */
export function number(expected: string, holds: (value: number) => boolean) {
  return z.number({ error: expected }).refine(holds, { error: expected });
}

/** A probability. */
export const probability = number('a probability in [0, 1]', (value) => value >= 0 && value <= 1);

/** An integer in [low, high]. */
export function integer(low: number, high: number) {
  const top = high === Number.MAX_SAFE_INTEGER ? '2^53 - 1' : high === 2 ** 31 - 1 ? '2^31 - 1' : `${high}`;
  return number(
    `a whole number in [${low}, ${top}]`,
    (value) => Number.isSafeInteger(value) && value >= low && value <= high,
  );
}

/** One of a few words. */
export function choice<const T extends readonly string[]>(words: T, detail?: (word: string) => FieldDetail | null) {
  const expected = `one of ${words.join(', ')}`;
  return z.string({ error: expected }).transform((word, context): T[number] => {
    if (words.includes(word)) return word;
    const params = detail?.(word) ?? { remedy: suggestion(word, words) };
    context.addIssue({ code: 'custom', message: expected, params: { ...params } });
    return z.NEVER;
  });
}

/** A pair [low, high] with 0 < low <= high, and high <= `top` where one is given. */
export function pair(top = Number.POSITIVE_INFINITY) {
  const bound = top === Number.POSITIVE_INFINITY ? '' : ` <= ${top}`;
  return z.custom<readonly [number, number]>(
    (value) => {
      if (!Array.isArray(value) || value.length !== 2 || !value.every(Number.isFinite)) return false;
      const [low, high] = value as [number, number];
      return low > 0 && low <= high && high <= top;
    },
    { error: `a pair [low, high] with 0 < low <= high${bound}` },
  );
}

/** Whether a value is a mapping: what YAML and JSON call one. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A mapping of at least `least` names, whose values are looked at later. */
export function mapping(least: 0 | 1) {
  return z.custom<Record<string, unknown>>((value) => isMapping(value) && Object.keys(value).length >= least, {
    error: least === 0 ? 'a mapping of names' : 'a mapping of at least one name',
    params: { reason: 'CONFIG_INVALID' },
  });
}

/** What a name of a source or a run may be: names become file names and parts of cursors. */
export const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** `namePattern` in words. */
export const nameExpected =
  'a name of 1 to 64 letters, digits, dots, dashes and underscores that starts with a letter or digit';
