import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replicasWanted } from '../../src/server/replicas-wanted.js';

test('the worked examples of tf.data service, auto_scaler_test.cc', () => {
  assert.equal(replicasWanted([], []), null);
  assert.equal(replicasWanted([0.025], []), null);
  assert.equal(replicasWanted([], [0.2]), null);
  assert.equal(Math.ceil(replicasWanted([0.025], [0.2])! - 1e-9), 8);
  assert.equal(Math.ceil(replicasWanted([0.025, 0.05], [0.2, 0.15])!), 11);
});

test('one outlier on either side counts as the median', () => {
  const usual = Array.from({ length: 20 }, () => 0.02);
  const replicas = Array.from({ length: 20 }, () => 0.1);
  const without = replicasWanted(usual, replicas)!;
  assert.ok(Math.abs(replicasWanted([...usual, 5e-7], replicas)! - without - 5) < 1e-9);
  assert.ok(Math.abs(replicasWanted(usual, [...replicas, 5e-7])! - without) < 1e-9);
});

test('what is not a time does not count, and a slow trainer wants a part of a replica', () => {
  assert.equal(replicasWanted([0, -1, Number.NaN], [0.1]), null);
  assert.ok(Math.abs(replicasWanted([100], [0.1])! - 0.001) < 1e-12);
});
