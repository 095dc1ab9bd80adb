import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadLibrary } from '../../../src/augment/gpu/device.js';
import { createRunner } from '../../../src/augment/gpu/runner.js';
import { difference, numbers, partsOf, randomImages, randomSteps } from '../cases.js';
import { reference } from '../step-reference.js';

test('a runner says what ran, refuses more batches than it has tracks for, and goes on after it', async (t) => {
  const { GPU, input } = loadLibrary();
  const runner = createRunner(new GPU({ mode: 'cpu' }), input, 'cpu');
  t.after(() => runner.close());
  const next = numbers(31);
  const size = 12;
  const run = async () => {
    const lists = Array.from({ length: 3 }, () => randomSteps(next));
    const images = randomImages(3, size, next);
    const expected = reference(images, size, lists);
    await runner.apply(images, size, partsOf(lists));
    assert.equal(difference(images, expected, size), undefined);
  };
  const both = await Promise.allSettled([run(), run()]);
  assert.deepEqual([runner.tracks, ...both.map(({ status }) => status)], [1, 'fulfilled', 'rejected']);
  await run();
  assert.equal(runner.ran(), 'cpu (generic)');
});

test('a run that gpu.js took elsewhere than asked is refused', async () => {
  const { GPU, input } = loadLibrary();
  const runner = createRunner(new GPU({ mode: 'cpu' }), input, 'webasm');
  const pixels = new Uint8Array(8 * 8 * 3);
  await assert.rejects(
    runner.apply(pixels, 8, partsOf([[{ op: 'grayscale' }]])),
    /ran on cpu .* where webasm was asked/,
  );
  await runner.close();
});
