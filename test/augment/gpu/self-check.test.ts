import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cargo, fieldsOf, imagesIn } from '../../../src/augment/cargo.js';
import { codeOf, gpuOperation } from '../../../src/augment/gpu/codes.js';
import { loadLibrary } from '../../../src/augment/gpu/device.js';
import { createRunner } from '../../../src/augment/gpu/runner.js';
import { checkedBytes } from '../../../src/augment/gpu/self-check.js';
import { operationNames } from '../../../src/augment/operations/index.js';

test('the check runs every operation of a device, on images and on crops, and its bytes are the same whoever runs it', async (t) => {
  const { GPU, input } = loadLibrary();
  const runner = createRunner(new GPU({ mode: 'cpu' }), input, 'cpu');
  t.after(() => runner.close());
  const codes = new Set<number>();
  const blurs = new Set<boolean>();
  const kinds: string[] = [];
  const run = async (cargo: Cargo, work: Parameters<typeof runner.run>[1]) => {
    for (const value of [...fieldsOf(cargo).programs, ...fieldsOf(cargo).blurs]) codes.add(value);
    blurs.add(work.blurs);
    kinds.push(`${cargo.kind} ${imagesIn(cargo)}`);
    return runner.run(cargo, work);
  };
  const whole = await checkedBytes({ run }, true);
  assert.deepEqual(kinds, ['images 4', 'crops 4']);
  assert.deepEqual([...blurs], [true]);
  const ran = operationNames.filter((name) => gpuOperation(name)?.kind !== 'blur' && gpuOperation(name));
  assert.deepEqual(
    ran.filter((name) => !codes.has(codeOf(name))),
    [],
  );
  const alone = await checkedBytes(runner, false);
  assert.deepEqual(Buffer.from(whole.subarray(0, alone.length)), Buffer.from(alone));
});
