import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainSamples } from '../../src/decode/plain-ppm.js';

const look = () => {};
const samples = (text: string, width: number, more: object = {}) => [
  ...plainSamples(Buffer.from(text), { width, height: 1, bands: 1, most: 255, isPlain: true, data: 0, ...more }, look),
];
const corrupt = { reason: 'SAMPLE_CORRUPT' };

test('numbers stand between blanks, bits anywhere, and comments are cut out', () => {
  assert.deepEqual(samples('1 2\n3\t', 3), [1, 2, 3]);
  assert.deepEqual(samples('01 1', 3, { most: null }), [255, 0, 0]);
  assert.deepEqual(samples('1#no\n2 3 ', 2), [12, 3]);
  assert.deepEqual(samples('1 # to the end', 1), [1]);
});

test('Pillow’s oddities: the last number fills the image, and what is below nothing is cut to eight bits', () => {
  assert.deepEqual(samples('1 2', 4), [1, 2, 2, 2]);
  assert.throws(() => samples('1 2\n', 4), corrupt);
  assert.deepEqual(samples('-1 ', 1), [255]);
  assert.throws(() => samples('-1 ', 1, { most: 300 }), corrupt);
});

test('what is no number, or too large or too long a one, is refused, but not behind the last sample', () => {
  for (const text of ['x ', '256 ', '00000000001 ', '1_ ']) assert.throws(() => samples(text, 1), corrupt, text);
  assert.deepEqual(samples('1 x ', 1), [1]);
  assert.throws(() => samples('012', 1, { most: null }), corrupt);
});

test('a comment may be longer than what is read at once', () => {
  assert.deepEqual(samples(`1 #${'x'.repeat(1 << 21)}\n2 `, 2), [1, 2]);
});
