import assert from 'node:assert/strict';
import { test } from 'node:test';
import { corruptSample } from '../../src/decode/corrupt.js';

test('a verdict on a file has its cause as metadata, and what it came from', () => {
  const error = corruptSample('data', 'a damaged file', new Error('of libvips'));
  assert.deepEqual(
    [error.reason, error.metadata, (error.cause as Error).message],
    ['SAMPLE_CORRUPT', { cause: 'data' }, 'of libvips'],
  );
  assert.match(error.message, /but got a damaged file\..*on_corrupt/);
});
