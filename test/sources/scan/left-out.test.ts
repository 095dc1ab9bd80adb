import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeftOutTally, lossOf } from '../../../src/sources/scan/left-out.js';

test('what is left out is counted by kind, with its first names whatever the order they come in', () => {
  const names = ['d', 'b', 'a', 'c'];
  const tallies = [names, names.toReversed()].map((order) => {
    const tally = new LeftOutTally();
    for (const name of order) tally.add('hidden', name);
    tally.add('empty', 'e.jpg');
    tally.add('link_outside', 'l.jpg');
    const sum = new LeftOutTally();
    for (let i = 0; i < 2; i++) sum.addAll(tally.list().map((one) => ({ ...one, examples: [...one.examples] })));
    return [tally.list(), sum.list().map(({ kind, count }) => [kind, count])];
  });
  assert.deepEqual(tallies[0], tallies[1]);
  const [list, sum] = tallies[0] as [ReturnType<LeftOutTally['list']>, unknown];
  assert.deepEqual(list.at(-1), { kind: 'hidden', count: 4, examples: ['a', 'b', 'c'] });
  assert.deepEqual(sum, [
    ['link_outside', 2],
    ['empty', 2],
    ['hidden', 8],
  ]);
  assert.deepEqual(lossOf(list), { lost: 2, missing: 1 });
});
