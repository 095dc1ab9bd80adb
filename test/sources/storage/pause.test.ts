import assert from 'node:assert/strict';
import { test } from 'node:test';
import { longestPause } from '../../../src/sources/storage/pause.js';

test('pauses double up to thirty times the first', () => {
  const pauses = [1, 2, 3, 5, 6, 50].map((attempts) => longestPause(50, attempts));
  assert.deepEqual(pauses, [50, 100, 200, 800, 1500, 1500]);
});
