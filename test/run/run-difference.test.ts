import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diffRuns } from '../../src/run/run-difference.js';
import { read, withRun } from './fixture.js';

const run = read(withRun()).runs.r!;

test('the difference of two runs names each knob, and whether it decides bytes', () => {
  const [left, right] = [run, read(withRun('grayscale: 0.5', 'epochs: 3', 'weights: {a: 1, b: 2}')).runs.r!];
  assert.deepEqual(diffRuns(left, { ...left, name: 'other' }), []);
  assert.deepEqual(diffRuns(left, { ...left, labels: 'own' }), [
    { name: 'labels', left: 'joined', right: 'own', decidesBytes: true },
  ]);
  assert.deepEqual(
    diffRuns(left, right).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    [
      { name: 'epochs', left: 114, right: 3, decidesBytes: false },
      { name: 'grayscale', left: 0.2, right: 0.5, decidesBytes: true },
      { name: 'weights', left: null, right: { a: 1, b: 2 }, decidesBytes: true },
    ],
  );
});
