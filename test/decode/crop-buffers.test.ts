import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cropBuffer } from '../../src/decode/crop-buffers.js';

test('memory that was given back serves the next crop it is large enough for, and one crop at a time', () => {
  const [first, second] = [cropBuffer(1000), cropBuffer(1000)];
  assert.notEqual(first.data.buffer, second.data.buffer);
  first.release();
  const smaller = cropBuffer(10);
  assert.equal(smaller.data.buffer, first.data.buffer);
  assert.equal(smaller.data.length, 10);
  // A second call, by somebody who no longer has it, takes it from nobody.
  first.release();
  assert.notEqual(cropBuffer(10).data.buffer, smaller.data.buffer);
});

test('a thread keeps the two largest', () => {
  const held = [5000, 3000, 4000].map(cropBuffer);
  for (const { release } of held) release();
  assert.equal(cropBuffer(3500).data.buffer, held[2]!.data.buffer);
  assert.equal(cropBuffer(3500).data.buffer, held[0]!.data.buffer);
  assert.ok(![held[0], held[1], held[2]].some((one) => one!.data.buffer === cropBuffer(2000).data.buffer));
});
