import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeZstandard } from '../../src/packing/zstandard.js';

const look = () => {};
const magic = [0x28, 0xb5, 0x2f, 0xfd];
/** A block of bytes as they are (0), or of one again and again (1). */
const block = (kind: 0 | 1, size: number, isLast: boolean, ...bytes: number[]) => {
  const head = (size << 3) | (kind << 1) | Number(isLast);
  return [head & 255, (head >> 8) & 255, head >> 16, ...bytes];
};
const frame = (window: number, ...blocks: number[][]) => Buffer.from([...magic, 0, window, ...blocks.flat()]);

test('blocks follow each other until enough is out, or the last was', () => {
  const file = frame(0, block(0, 3, false, 7, 8, 9), block(1, 20, true, 5));
  assert.deepEqual(decodeZstandard(file, 5, look), Buffer.of(7, 8, 9, 5, 5));
  assert.deepEqual(decodeZstandard(file, 23, look), Buffer.concat([Buffer.of(7, 8, 9), Buffer.alloc(20, 5)]));
  assert.equal(decodeZstandard(file, 24, look), null);
  assert.equal(decodeZstandard(file.subarray(0, -1), 23, look), null);
  // Of a second frame libtiff takes nothing.
  assert.equal(decodeZstandard(Buffer.concat([file, file]), 46, look), null);
  const summed = Buffer.from(file);
  summed[4] = 4;
  assert.deepEqual(decodeZstandard(Buffer.concat([summed, Buffer.alloc(4)]), 3, look), Buffer.of(7, 8, 9));
});

test('of what libzstd does not decode there is nothing', () => {
  const one = block(1, 9, true, 5);
  assert.notEqual(decodeZstandard(frame(17 << 3, one), 9, look), null);
  assert.equal(decodeZstandard(frame(18 << 3, one), 9, look), null);
  assert.notEqual(decodeZstandard(Buffer.from([...magic, 0x20, 9, ...one]), 9, look), null);
  for (const flags of [1, 8]) assert.equal(decodeZstandard(Buffer.from([...magic, flags, 0, ...one]), 9, look), null);
  assert.equal(decodeZstandard(Buffer.from('no frame at all'), 9, look), null);
  // A block larger than the window.
  assert.equal(decodeZstandard(frame(0, block(1, 1025, true, 5)), 9, look), null);
});

test('the clock is looked at before each block', () => {
  let looks = 0;
  const blocks = Array.from({ length: 50 }, () => block(1, 1024, false, 5));
  decodeZstandard(frame(0, ...blocks), 50 * 1024, () => looks++);
  assert.equal(looks, 50);
});
