import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawAutoAugment } from '../../src/sample/auto-augment.js';
import { mersenneTwister } from '../../src/sample/mersenne-twister.js';

test('a policy, two chances and two signs are drawn, whatever they decide', () => {
  for (let seed = 0; seed < 300; seed++) {
    const [drawn, plain] = [mersenneTwister(seed), mersenneTwister(seed)];
    const steps = drawAutoAugment(drawn, 'NEAREST');
    assert.ok(steps.length <= 2);
    plain.randint(0, 25);
    for (let i = 0; i < 2; i++) plain.rand();
    for (let i = 0; i < 2; i++) plain.randint(0, 2);
    assert.equal(drawn.rand(), plain.rand(), `seed ${seed}`);
  }
});

test('every operation of the policy comes, rotation with either sign, and no zero is negative', () => {
  const signs = new Set<number>();
  const ops = new Set<string>();
  for (let seed = 0; seed < 3000; seed++)
    for (const step of drawAutoAugment(mersenneTwister(seed), 'NEAREST')) {
      ops.add(step.op);
      if (step.op === 'rotate') signs.add(Math.sign(step.magnitude));
      for (const value of Object.values(step)) assert.ok(!Object.is(value, -0));
    }
  assert.deepEqual([...signs].toSorted(), [-1, 1]);
  assert.deepEqual([...ops].toSorted(), [
    'autocontrast',
    'contrast',
    'equalize',
    'invert',
    'posterize',
    'rotate',
    'saturation',
    'sharpness',
    'shearX',
    'solarize',
  ]);
});
