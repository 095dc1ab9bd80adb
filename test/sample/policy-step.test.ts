import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PolicyName, policySteps } from '../../src/sample/policy-step.js';

test('a magnitude is what torchvision’s `_apply_op` makes of it', () => {
  const cases: [PolicyName, number, object | null][] = [
    ['Identity', 3, null],
    ['ShearX', -0.3, { op: 'shearX', magnitude: -0.3, interpolation: 'BICUBIC' }],
    ['TranslateY', 30.4, { op: 'translateY', magnitude: 30.4, interpolation: 'BICUBIC' }],
    ['Rotate', -9, { op: 'rotate', magnitude: -9, interpolation: 'BICUBIC' }],
    ['Brightness', 0.5, { op: 'brightness', factor: 1.5 }],
    ['Color', -0.25, { op: 'saturation', factor: 0.75 }],
    ['Posterize', 7.9, { op: 'posterize', bits: 7 }],
    ['Solarize', 178.5, { op: 'solarize', threshold: 178.5 }],
    ['Equalize', 0, { op: 'equalize' }],
  ];
  for (const [name, magnitude, step] of cases)
    assert.deepEqual(policySteps(name, magnitude, 'BICUBIC'), step === null ? [] : [step], name);
});
