import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gpuOperation } from '../../../src/augment/gpu/codes.js';
import { loadLibrary } from '../../../src/augment/gpu/device.js';
import { createRunner, type Runner } from '../../../src/augment/gpu/runner.js';
import { checkedBytes } from '../../../src/augment/gpu/self-check.js';
import { operationNames } from '../../../src/augment/operations/index.js';
import { createSimdBackend } from '../../../src/augment/simd.js';

test('the check runs every operation of a device, and its bytes are those of the worker threads’ kernels', async (t) => {
  const { GPU, input } = loadLibrary();
  const runner = createRunner(new GPU({ mode: 'cpu' }), input, 'cpu');
  t.after(() => runner.close());
  const ran = new Set<string>();
  let crops = 0;
  const apply: Runner['apply'] = (pixels, size, parts, lent = [], placed = []) => {
    for (const { steps } of [...parts, ...placed]) for (const { op } of steps) ran.add(op);
    crops += placed.length;
    return runner.apply(pixels, size, parts, lent, placed);
  };
  const whole = await checkedBytes({ apply }, true);
  assert.deepEqual([...ran].toSorted(), operationNames.filter(gpuOperation).toSorted());
  assert.equal(crops, 4);
  const simd = await createSimdBackend();
  const resized = await checkedBytes(simd, false);
  assert.deepEqual(Buffer.from(whole.subarray(0, resized.length)), Buffer.from(resized));
});
