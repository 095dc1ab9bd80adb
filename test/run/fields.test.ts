import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import { choice, integer, isMapping, mapping, namePattern, number, pair, probability } from '../../src/run/fields.js';

/** What a field says of a value that it refuses; undefined where it takes it. */
const said = (field: z.ZodType, value: unknown) => field.safeParse(value).error?.issues[0]?.message;

test('numbers are held to their range, and everything else is refused in the same words', () => {
  const even = number('an even number', (value) => value % 2 === 0);
  assert.equal(said(even, 4), undefined);
  for (const value of [3, '4', null, Number.NaN, Number.POSITIVE_INFINITY])
    assert.equal(said(even, value), 'an even number');
  for (const value of [0, 0.5, 1]) assert.equal(said(probability, value), undefined);
  for (const value of [-0.1, 1.1]) assert.equal(said(probability, value), 'a probability in [0, 1]');
});

test('integers are whole and name their ends as people do', () => {
  assert.equal(said(integer(1, 8), 8), undefined);
  for (const value of [0, 9, 1.5]) assert.equal(said(integer(1, 8), value), 'a whole number in [1, 8]');
  assert.equal(said(integer(0, Number.MAX_SAFE_INTEGER), 2 ** 53), 'a whole number in [0, 2^53 - 1]');
  assert.equal(said(integer(0, 2 ** 31 - 1), 2 ** 31), 'a whole number in [0, 2^31 - 1]');
});

test('a word that is none of a choice is told with the nearest', () => {
  const field = choice(['cosine', 'linear']);
  assert.equal(field.parse('linear'), 'linear');
  const [issue] = field.safeParse('linaer').error!.issues;
  assert.equal(issue!.message, 'one of cosine, linear');
  assert.match(JSON.stringify(issue), /linear/);
});

test('a pair is two numbers above 0 in their order', () => {
  for (const value of [
    [0.1, 1],
    [1, 1],
  ])
    assert.equal(said(pair(1), value), undefined);
  for (const value of [[0, 1], [1, 0.5], [0.5, 2], [1], [1, 1, 1], ['1', 2], 1])
    assert.match(said(pair(1), value)!, /<= 1$/);
});

test('mappings are what YAML calls so, and names fit into file names', () => {
  assert.deepEqual([{}, [], null, 'a'].map(isMapping), [true, false, false, false]);
  assert.equal(said(mapping(0), {}), undefined);
  assert.equal(said(mapping(1), {}), 'a mapping of at least one name');
  assert.deepEqual(
    ['a', 'A-1_b.c', '', '.a', 'a/b', 'a'.repeat(65)].map((name) => namePattern.test(name)),
    [true, true, false, false, false, false],
  );
});
