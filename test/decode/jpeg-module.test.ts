import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dropJpegModule, jpegModule } from '../../src/decode/jpeg-module.js';

test('a thread has one decoder until its memory is above what may stay', () => {
  const first = jpegModule();
  assert.equal(jpegModule(), first);
  const bytes = first.memory.buffer.byteLength;
  dropJpegModule(bytes);
  assert.equal(jpegModule(), first);
  first.memory.grow(1);
  dropJpegModule(bytes);
  assert.notEqual(jpegModule(), first);
  const second = jpegModule();
  dropJpegModule();
  assert.notEqual(jpegModule(), second);
});
