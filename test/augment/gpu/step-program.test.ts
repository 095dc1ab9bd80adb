import assert from 'node:assert/strict';
import { test } from 'node:test';
import { productTable } from '../../../src/augment/gpu/blend.js';
import { blurWidth } from '../../../src/augment/gpu/blur-kernel.js';
import { codeOf } from '../../../src/augment/gpu/codes.js';
import {
  productsWidth,
  programOf,
  programWidth,
  startOfList,
  writeSample,
} from '../../../src/augment/gpu/step-program.js';
import type { DrawStep } from '../../../src/sample/draw.js';

const steps: readonly DrawStep[] = [
  { op: 'posterize', bits: 4 },
  { op: 'saturation', factor: 0.5 },
  { op: 'contrast', factor: 1.5 },
  { op: 'gaussianBlur', sigma: 1 },
  { op: 'solarize', threshold: 99.5 },
];

test('a program has a list before each mean, where its products are, and the blur with what follows', () => {
  const written = programOf(steps)!;
  assert.deepEqual([written.lists.length, written.tail.length], [2, 1]);
  const program = new Float32Array(programWidth);
  const products = new Float32Array(productsWidth);
  const blur = new Float32Array(blurWidth);
  writeSample(written, { program, products, blur });
  assert.deepEqual([...program.subarray(0, 5)], [codeOf('posterize'), 16, codeOf('saturation'), 0, 0]);
  const second = startOfList(1);
  assert.deepEqual([...program.subarray(second, second + 3)], [codeOf('contrast'), productTable, 0]);
  assert.deepEqual([products[255 + 10], products[productTable + 255 + 10]], [5, 15]);
  assert.equal(blur[0], 1);
  assert.deepEqual([...blur.subarray(16)], [codeOf('solarize'), 100, 0, 0]);
});

test('what stands after a blur and is no operation on levels does not fit, nor what no device runs', () => {
  assert.equal(programOf([...steps, { op: 'grayscale' }]), null);
  assert.equal(programOf([{ op: 'equalize' }]), null);
  assert.ok(programOf([]) !== null);
});
