import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeModule, dropDecodeModule } from '../../src/decode/decode-module.js';

test('a thread has one decoder until its memory is above what may stay', () => {
  const first = decodeModule();
  assert.equal(decodeModule(), first);
  const bytes = first.memory.buffer.byteLength;
  dropDecodeModule(bytes);
  assert.equal(decodeModule(), first);
  first.memory.grow(1);
  dropDecodeModule(bytes);
  assert.notEqual(decodeModule(), first);
  const second = decodeModule();
  dropDecodeModule();
  assert.notEqual(decodeModule(), second);
});
