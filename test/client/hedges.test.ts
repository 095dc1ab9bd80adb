import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rules } from '../../src/client/behaviour.js';
import { Hedges } from '../../src/client/hedges.js';

test('second requests come in a burst, and then for a share of the batches', () => {
  const hedges = new Hedges();
  let burst = 0;
  while (hedges.spend()) burst++;
  assert.equal(burst, rules.hedgeBurst);
  let more = 0;
  for (let batch = 0; batch < 1000; batch++) {
    hedges.earn();
    if (hedges.spend()) more++;
  }
  assert.ok(Math.abs(more - 1000 * rules.hedgeShare) <= 1, `${more} for 1000 batches`);
  for (let batch = 0; batch < 1000; batch++) hedges.earn();
  burst = 0;
  while (hedges.spend()) burst++;
  assert.equal(burst, rules.hedgeBurst, 'what is not used is not gathered without end');
});
