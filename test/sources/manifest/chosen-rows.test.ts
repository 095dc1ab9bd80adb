import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ChosenRows } from '../../../src/sources/manifest/chosen-rows.js';

test('chosen rows are counted and found as in a list of them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3000 }), fc.array(fc.nat(2999), { maxLength: 3000 }), (count, some) => {
      const chosen = [...new Set(some.filter((row) => row < count))].sort((a, b) => a - b);
      const rows = new ChosenRows(count);
      rows.set(0, true);
      rows.set(0, false);
      for (const row of chosen) rows.set(row, true);
      assert.equal(rows.count(), chosen.length);
      for (const [number, row] of chosen.entries()) {
        assert.equal(rows.at(number), row);
        assert.equal(rows.before(row), number);
      }
      for (let row = 0; row < count; row += 7) assert.equal(rows.has(row), chosen.includes(row));
    }),
  );
});

test('all rows of several blocks, and those at their borders', () => {
  const rows = new ChosenRows(2048);
  for (let row = 0; row < 2048; row++) rows.set(row, true);
  assert.equal(rows.count(), 2048);
  for (const row of [0, 31, 32, 511, 512, 2047]) assert.deepEqual([rows.at(row), rows.before(row)], [row, row]);
});
