import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replicasWanted } from '../../src/server/replicas-wanted.js';

test('the worked examples of tf.data service, auto_scaler_test.cc', () => {
  assert.equal(replicasWanted([], []), null);
  assert.equal(replicasWanted([0.025], []), null);
  assert.equal(replicasWanted([], [0.2]), null);
  assert.equal(replicasWanted([0.025], [0.2]), 8);
  assert.equal(replicasWanted([0.025, 0.05], [0.2, 0.15]), 11);
});

test('one outlier on either side counts as the median', () => {
  const usual = Array.from({ length: 20 }, () => 0.02);
  const replicas = Array.from({ length: 20 }, () => 0.1);
  const without = replicasWanted(usual, replicas)!;
  assert.equal(replicasWanted([...usual, 5e-7], replicas), without + 5);
  assert.equal(replicasWanted(usual, [...replicas, 5e-7]), without);
});

test('what is not a time does not count, and one replica is the least', () => {
  assert.equal(replicasWanted([0, -1, Number.NaN], [0.1]), null);
  assert.equal(replicasWanted([100], [0.1]), 1);
});
