import assert from 'node:assert/strict';
import { test } from 'node:test';
import { camelCase } from '../../src/contract/camel-case.js';

test('names are written as proto-loader writes them, and values stay', () => {
  const { weightDecay, lr0, stepsPerEpoch } = camelCase({ weight_decay: 0.1, lr0: 1, steps_per_epoch: [7] });
  assert.deepEqual({ weightDecay, lr0, stepsPerEpoch }, { weightDecay: 0.1, lr0: 1, stepsPerEpoch: [7] });
});
