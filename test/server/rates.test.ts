import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rates } from '../../src/server/rates.js';

test('a client may so many times at once, which others do not take from it, and again as time goes', (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const rates = new Rates();
  const taken = (client: string) => Array.from({ length: 5 }, () => rates.take(client, 2, 3)).filter(Boolean).length;
  assert.deepEqual([taken('a'), taken('a'), taken('b')], [3, 0, 3]);
  now = 1_000;
  assert.deepEqual([taken('a'), taken('a')], [2, 0]);
  now = 60_000;
  assert.equal(taken('a'), 3);
});
