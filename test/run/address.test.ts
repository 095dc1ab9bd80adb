import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Address, checkAddress, checkEpoch } from '../../src/run/address.js';
import { refused } from './fixture.js';

const bounds = { epochs: 5, stepsPerEpoch: 10, globalBatch: 12 };
const check = (changed: Partial<Address>) => () => checkAddress(bounds, { epoch: 0, ...changed });
const none = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 1e300, 2 ** 53];

test('every address within the bounds is taken', () => {
  for (const worldSize of [1, 2, 3, 4, 6, 12])
    for (let rank = 0; rank < worldSize; rank++)
      for (const [epoch, step] of [
        [0, 0],
        [4, 9],
      ] as const)
        checkAddress(bounds, { epoch, step, rank, worldSize });
  checkAddress(bounds, { epoch: 4 });
  checkEpoch(4, 5);
});

test('what lies outside is refused with what would be inside', () => {
  refused(check({ epoch: 5 }), 'EPOCH_OUT_OF_RANGE', /an epoch from 0 to 4, but got 5\./);
  refused(check({ step: 10 }), 'STEP_OUT_OF_RANGE', /a step from 0 to 9, but got 10\./);
  refused(check({ rank: 4, worldSize: 4 }), 'RANK_INVALID', /a rank from 0 to 3, but got 4\./);
  for (const value of none) {
    refused(check({ epoch: value }), 'EPOCH_OUT_OF_RANGE');
    refused(() => checkEpoch(value, 5), 'EPOCH_OUT_OF_RANGE');
    refused(check({ step: value }), 'STEP_OUT_OF_RANGE');
    refused(check({ rank: value, worldSize: 4 }), 'RANK_INVALID');
    refused(check({ worldSize: value }), 'WORLD_SIZE_INVALID');
  }
});

test('a world size that does not divide the global batch is refused with the nearest that do', () => {
  const nearest = (globalBatch: number, worldSize: number) =>
    refused(() => checkAddress({ ...bounds, globalBatch }, { epoch: 0, worldSize }), 'WORLD_SIZE_INVALID').metadata
      .nearest;
  refused(check({ worldSize: 5 }), 'WORLD_SIZE_INVALID', /divides the global batch of 12, but got 5\. Use .* 4 or 6,/);
  assert.deepEqual(
    [nearest(12, 13), nearest(12, 0), nearest(12, 2.5), nearest(12, Number.NaN), nearest(960, 121)],
    ['12', '1', '2 or 3', '1', '120 or 160'],
  );
  assert.equal(nearest(2 ** 31 - 1, 2), `1 or ${2 ** 31 - 1}`);
  const sizes = fc.integer({ min: 1, max: 5000 });
  fc.assert(
    fc.property(sizes, sizes, (globalBatch, worldSize) => {
      fc.pre(globalBatch % worldSize !== 0);
      const found = nearest(globalBatch, worldSize)!.split(' or ').map(Number);
      for (let size = Math.min(...found) + 1; size < Math.max(...found); size++)
        if (found.length === 2 || size > worldSize) assert.notEqual(globalBatch % size, 0);
      for (const size of found) assert.equal(globalBatch % size, 0);
    }),
  );
});
