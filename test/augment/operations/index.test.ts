import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operationNames } from '../../../src/augment/operations/index.js';
import { SimdKernels } from '../../../src/augment/simd.js';
import type { OperationName } from '../../../src/sample/draw.js';
import { difference, numbers, scene, stepCases } from '../cases.js';
import { stepReference } from '../step-reference.js';

const kernels = SimdKernels.create();

for (const name of Object.keys(stepCases) as OperationName[]) {
  test(`${name} is Pillow’s formula`, () => {
    const next = numbers(7 + name.length);
    for (const step of stepCases[name]) {
      const size = 5 + Math.floor(next() * 40);
      const data = scene(size, size, next);
      const out = data.slice();
      kernels.apply(out, size, [step]);
      const wanted = stepReference(data, size, step);
      assert.equal(difference(out, wanted, size), undefined, `${JSON.stringify(step)} at ${size}`);
    }
  });
}

test('every operation of the registry has its cases, and steps run in their order', () => {
  assert.deepEqual(Object.keys(stepCases).toSorted(), [...operationNames].toSorted());
  const next = numbers(3);
  const data = scene(9, 9, next);
  const [solarize, invert] = [{ op: 'solarize', threshold: 200 } as const, { op: 'invert' } as const];
  const inTurn = [solarize, invert].reduce((image, step) => stepReference(image, 9, step), data);
  for (const [steps, equal] of [
    [[solarize, invert], true],
    [[invert, solarize], false],
  ] as const) {
    const out = data.slice();
    kernels.apply(out, 9, steps);
    assert.equal(difference(out, inTurn, 9) === undefined, equal);
  }
});
