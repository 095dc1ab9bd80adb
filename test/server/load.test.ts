import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Load, replicasWanted } from '../../src/server/load.js';

test('a stream that waits half its time makes a ratio of a half, until its minute is over', () => {
  const load = new Load();
  assert.equal(load.waitRatio(0), 0);
  const stream = load.open();
  stream.count(10, 8, 1, 3);
  stream.count(20, 8, 3, 1);
  assert.equal(load.waitRatio(20), 0.5);
  assert.deepEqual(stream.sums(70.5), { samples: 8, waited: 3, sent: 1 });
  assert.equal(load.waitRatio(70.5), 0.75);
  assert.equal(load.waitRatio(80.5), 0);
});

test('streams count while they are open', () => {
  const load = new Load();
  const [waiting, sending] = [load.open(), load.open()];
  waiting.count(1, 8, 4, 0);
  sending.count(1, 8, 0, 4);
  assert.equal(load.waitRatio(1), 0.5);
  load.close(waiting);
  assert.equal(load.waitRatio(1), 0);
});

test('trainers that take twice what the threads make want two replicas', () => {
  const load = new Load();
  assert.equal(load.wanted(0, 4), 0);
  const stream = load.open();
  // Samples of 0.04 s in 4 threads: one in 0.01 s. The trainer takes one in 0.005 s.
  for (let i = 0; i < 10; i++) load.made(0.04);
  assert.equal(load.wanted(1, 4), 0);
  stream.count(1, 8, 5, 8 * 0.005);
  assert.ok(Math.abs(load.wanted(1, 4) - 2) < 1e-9);
  assert.equal(load.wanted(62, 4), 0);
});

test('what samples cost now outweighs what they cost long ago', () => {
  const load = new Load();
  for (let i = 0; i < 1000; i++) load.made(1);
  for (let i = 0; i < 40_000; i++) load.made(0.01);
  load.open().count(1, 1, 0, 0.01);
  assert.ok(Math.abs(load.wanted(1, 1) - 1) < 0.01);
});

test('the worked examples of tf.data service, auto_scaler_test.cc', () => {
  assert.equal(replicasWanted([], 0.2), 0);
  assert.equal(Math.ceil(replicasWanted([0.025], 0.2) - 1e-9), 8);
  assert.equal(Math.ceil(replicasWanted([0.025, 0.05], 12 / 70)), 11);
});

test('a strange trainer counts as the median', () => {
  const usual = Array.from({ length: 20 }, () => 0.02);
  assert.ok(Math.abs(replicasWanted([...usual, 5e-7], 0.1) - replicasWanted(usual, 0.1) - 5) < 1e-9);
});

test('what is not a time does not count, and a slow trainer wants a part of a replica', () => {
  assert.equal(replicasWanted([0, -1, Number.NaN], 0.1), 0);
  assert.ok(Math.abs(replicasWanted([100], 0.1) - 0.001) < 1e-12);
});
