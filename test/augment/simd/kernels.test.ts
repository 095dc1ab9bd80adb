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

test('what is held outlives resets until it is released, and is known by the bytes that it was copied from', () => {
  const kernels = openKernels();
  const data = Uint8Array.of(0, 1, 2, 3, 4, 5).subarray(1);
  kernels.hold(data, 100);
  kernels.reset();
  const address = kernels.addressOf(data)!;
  assert.ok(kernels.allocate(1) >= address + data.length + 100);
  assert.deepEqual([...kernels.bytes().subarray(address, address + 5)], [...data]);
  assert.equal(kernels.addressOf(data.subarray(2)), address + 2);
  assert.equal(kernels.addressOf(new Uint8Array(data.buffer, 0, 1)), null);
  assert.equal(kernels.addressOf(data.slice()), null);
  kernels.release();
  assert.equal(kernels.addressOf(data), null);
  kernels.reset();
  assert.equal(kernels.allocate(1), address);
});
