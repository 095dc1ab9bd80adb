import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimdKernels } from '../../../src/augment/simd.js';
import type { DrawStep } from '../../../src/sample/draw.js';
import { numbers, scene } from '../cases.js';
import { stepReference } from '../step-reference.js';

test('steps over an image of any shape, in strips, are Pillow’s formula: contrast by the mean of the whole', () => {
  const kernels = SimdKernels.create();
  const next = numbers(5);
  const steps: DrawStep[] = [
    { op: 'brightness', factor: Math.fround(1.3) },
    { op: 'contrast', factor: Math.fround(0.7) },
    { op: 'hue', turns: Math.fround(0.07) },
    { op: 'saturation', factor: Math.fround(1.2) },
    { op: 'grayscale' },
  ];
  for (const [width, height] of [
    [7, 3],
    [300, 301],
  ] as const)
    for (const some of [steps, steps.slice(1, 3), steps.slice(2), []]) {
      const data = scene(width, height, next);
      const out = data.slice();
      kernels.applyToWhole({ data: out, width, height }, some);
      const wanted = some.reduce((image, step) => stepReference(image, width, step), data);
      assert.ok(Buffer.from(out).equals(Buffer.from(wanted)), `${width} x ${height}, ${some.length} steps`);
    }
});
