import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cropBuffer } from '../../src/decode/crop-buffers.js';

test('memory that was given back serves the next crop of about its size, and one crop at a time', () => {
  const [first, second] = [cropBuffer(1000), cropBuffer(1000)];
  assert.notEqual(first.data.buffer, second.data.buffer);
  first.give();
  const smaller = cropBuffer(600);
  assert.equal(smaller.data.buffer, first.data.buffer);
  assert.equal(smaller.data.length, 600);
  // A second call, by somebody who no longer has it, takes it from nobody.
  first.give();
  assert.notEqual(cropBuffer(600).data.buffer, smaller.data.buffer);
});

test('a thread keeps 8 MiB, and frees what is larger at once', () => {
  const large = cropBuffer(9_000_000);
  assert.equal(large.data.length, 9_000_000);
  large.give();
  assert.equal(large.data.length, 0);
  const crops = [3_000_000, 3_000_000, 3_000_000].map(cropBuffer);
  for (const { give } of crops) give();
  const kept = crops.filter(({ data }) => data.length > 0);
  assert.equal(kept.length, 1);
});
