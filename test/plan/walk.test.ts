import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epochOf, virtualRun } from './input.js';

test('each pass of an over-sampled source has an order of its own', () => {
  const run = virtualRun([50, 950], { sample_t: 1, global_batch: 100 });
  const walk = epochOf(run, 0)
    .filter(({ source }) => source === 0)
    .sort((a, b) => a.position - b.position)
    .map(({ index }) => index);
  const passes = Array.from({ length: 10 }, (_, pass) => walk.slice(50 * pass, 50 * pass + 50).join());
  assert.equal(new Set(passes).size, 10);
});
