import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyOnDevice } from '../../../src/augment/apply-on-device.js';
import { loadLibrary } from '../../../src/augment/gpu/device.js';
import { createRunner } from '../../../src/augment/gpu/runner.js';
import { difference, numbers, partsOf, randomImages, randomSteps } from '../cases.js';
import { reference } from '../step-reference.js';

test('cargos beyond the lanes wait for their turn, and a runner says what ran', async (t) => {
  const { GPU, input } = loadLibrary();
  const runner = createRunner(new GPU({ mode: 'cpu' }), input, 'cpu');
  t.after(() => runner.close());
  const next = numbers(31);
  const size = 12;
  const run = async () => {
    const lists = Array.from({ length: 3 }, () => randomSteps(next));
    const images = randomImages(3, size, next);
    const expected = reference(images, size, lists);
    await applyOnDevice(runner, images, size, partsOf(lists));
    assert.equal(difference(images, expected, size), undefined);
  };
  assert.equal(runner.lanes, 1);
  await Promise.all([run(), run(), run()]);
  assert.equal(runner.ran(), 'cpu (generic)');
});

test('a cargo that gpu.js took elsewhere than asked is refused, and the next has its turn', async () => {
  const { GPU, input } = loadLibrary();
  const runner = createRunner(new GPU({ mode: 'cpu' }), input, 'webasm');
  const run = () => applyOnDevice(runner, new Uint8Array(8 * 8 * 3), 8, partsOf([[{ op: 'grayscale' }]]));
  const came = await Promise.allSettled([run(), run()]);
  for (const each of came) {
    assert.equal(each.status, 'rejected');
    assert.match(String(each.reason), /ran on cpu .* where webasm was asked/);
  }
  await runner.close();
});
