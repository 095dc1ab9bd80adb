import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openKernels } from '../../../src/augment/simd/kernels.js';

test('the arena gives aligned room that does not overlap, grows, and begins anew', () => {
  const kernels = openKernels();
  const first = kernels.put(Int32Array.of(1, -2, 3));
  const second = kernels.allocate(5);
  assert.deepEqual([first % 16, second % 16], [0, 0]);
  assert.ok(second >= first + 12 + 64);
  assert.deepEqual([...new Int32Array(kernels.bytes().buffer, first, 3)], [1, -2, 3]);
  const before = kernels.bytes().length;
  const large = kernels.allocate(2 * before);
  assert.ok(kernels.bytes().length >= large + 2 * before + 64);
  assert.deepEqual([...new Int32Array(kernels.bytes().buffer, first, 3)], [1, -2, 3]);
  kernels.reset();
  assert.equal(kernels.allocate(1), first);
});
