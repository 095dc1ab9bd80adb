import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { groupSize, inGroups } from '../../src/batch/sample-groups.js';

test('every thread has a group of a batch that has a sample for it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4096 }), fc.integer({ min: 1, max: 256 }), (samples, threads) => {
      const size = groupSize(samples, threads);
      assert.ok(size >= 1 && size <= 4);
      assert.ok(Math.ceil(samples / size) >= Math.min(samples, threads));
    }),
  );
});

test('groups hold all items in order, and only the last is shorter', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), fc.integer({ min: 1, max: 9 }), (items, size) => {
      const groups = inGroups(items, size);
      assert.deepEqual(groups.flat(), items);
      for (const group of groups.slice(0, -1)) assert.equal(group.length, size);
    }),
  );
});
