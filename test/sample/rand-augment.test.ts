import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mersenneTwister } from '../../src/sample/mersenne-twister.js';
import { drawRandAugment } from '../../src/sample/rand-augment.js';

test('two operations are drawn, each with its sign where it has one', () => {
  const seen = new Map<string, Set<number>>();
  for (let seed = 0; seed < 2000; seed++) {
    const steps = drawRandAugment(mersenneTwister(seed), 224, 'BILINEAR');
    assert.ok(steps.length <= 2);
    for (const step of steps) {
      const value = 'magnitude' in step ? step.magnitude : 'factor' in step ? step.factor - 1 : 0;
      seen.set(step.op, (seen.get(step.op) ?? new Set()).add(Math.sign(value)));
      if (step.op === 'translateX') assert.equal(Math.abs(step.magnitude), 30.45317268371582);
      if (step.op === 'rotate') assert.equal(Math.abs(step.magnitude), 9);
      if (step.op === 'solarize') assert.equal(step.threshold, 178.5);
      if (step.op === 'posterize') assert.equal(step.bits, 7);
    }
  }
  assert.equal(seen.size, 13);
  for (const op of ['shearX', 'shearY', 'translateX', 'translateY', 'rotate', 'brightness', 'sharpness'])
    assert.deepEqual([...seen.get(op)!].toSorted(), [-1, 1], op);
});
