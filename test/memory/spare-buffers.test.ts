import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpareBuffers } from '../../src/memory/spare-buffers.js';

test('what is given back is used again, for its own length alone', () => {
  const spare = new SpareBuffers();
  const [a, b] = [spare.take(100), spare.take(100)];
  assert.notEqual(a, b);
  spare.giveBack(a, 1000);
  assert.equal(spare.bytes, 100);
  assert.notEqual(spare.take(99), a);
  assert.equal(spare.take(100), a);
  assert.equal(spare.bytes, 0);
});

test('no more is kept than allowed, and the length used longest ago goes first', () => {
  const spare = new SpareBuffers();
  const buffers = [300, 300, 200, 200, 100].map((length) => spare.take(length));
  for (const buffer of buffers) spare.giveBack(buffer, 700);
  assert.equal(spare.bytes, 500);
  assert.ok(!buffers.includes(spare.take(300)));
  for (const length of [200, 200, 100]) assert.ok(buffers.includes(spare.take(length)));
  spare.giveBack(buffers[0]!, 0);
  assert.equal(spare.bytes, 0);
});
