import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { applyOnDevice } from '../../../src/augment/apply-on-device.js';
import type { Backend } from '../../../src/augment/backend.js';
import type { Device } from '../../../src/augment/device.js';
import { gpuOperation } from '../../../src/augment/gpu/codes.js';
import { openGpuDevice } from '../../../src/augment/gpu/gpu-device.js';
import { openBackend } from '../../../src/augment/open-backend.js';
import { operationNames } from '../../../src/augment/operations/index.js';
import { splitSteps } from '../../../src/augment/split-steps.js';
import type { DrawStep } from '../../../src/sample/draw.js';
import { anySteps, difference, numbers, partsOf, randomImages, randomSteps, stepCases } from '../cases.js';
import { reference } from '../step-reference.js';

const backends: Backend[] = [];

before(async () => {
  for (const name of ['webasm', 'cpu', 'simd'] as const) backends.push(await openBackend(name));
});
after(async () => {
  for (const backend of backends) await backend.close();
});

/** What of these steps a device takes. */
function suffix(steps: readonly DrawStep[]): readonly DrawStep[] {
  return steps.slice(splitSteps(steps));
}

async function agree(
  images: Uint8Array,
  size: number,
  lists: readonly (readonly DrawStep[])[],
  only = backends,
): Promise<void> {
  const expected = reference(images, size, lists);
  for (const backend of only) {
    const pixels = images.slice();
    await backend.apply(pixels, size, partsOf(lists));
    assert.equal(difference(pixels, expected, size), undefined, backend.description);
  }
}

for (const name of operationNames.filter(gpuOperation))
  test(`${name} alone is Pillow's on webasm, cpu and simd`, async () => {
    const lists = stepCases[name].map((step: DrawStep) => [step]);
    await agree(randomImages(lists.length, 33, numbers(7)), 33, lists);
    await agree(randomImages(lists.length, 96, numbers(8)), 96, lists);
  });

for (const [size, n] of [
  [96, 12],
  [224, 5],
  [256, 4],
  [336, 3],
  [518, 3],
] as const)
  test(`random chains at ${size} are Pillow's on webasm, cpu and simd`, async () => {
    const next = numbers(size);
    const lists = Array.from({ length: n }, () => suffix([...anySteps(next, 3), ...randomSteps(next)]));
    await agree(randomImages(n, size, next), size, lists);
  });

test('a batch of more images than one run takes, pixels in shared memory, and an empty one', async () => {
  const next = numbers(3);
  const size = 518;
  const lists = Array.from({ length: 9 }, () => randomSteps(next));
  const images = randomImages(9, size, next);
  const shared = new Uint8Array(new SharedArrayBuffer(images.length));
  shared.set(images);
  await backends[0]!.apply(shared, size, partsOf(lists));
  assert.equal(difference(shared, reference(images, size, lists), size), undefined);
  await backends[0]!.apply(new Uint8Array(0), size, []);
});

test('calls that overlap wait for each other, and what one batch drew does not reach the next', async () => {
  const next = numbers(4);
  const size = 40;
  const batches = Array.from({ length: 6 }, (_, i) => ({
    images: randomImages(4, size, next),
    lists: Array.from({ length: i % 2 === 0 ? 4 : 3 }, () => randomSteps(next)),
  }));
  const expected = batches.map(({ images, lists }) => reference(images, size, lists));
  await Promise.all(batches.map(({ images, lists }) => backends[0]!.apply(images, size, partsOf(lists))));
  for (const [i, { images }] of batches.entries()) assert.equal(difference(images, expected[i]!, size), undefined);
});

test('descriptions say what really runs', () => {
  assert.match(backends[0]!.description, /^webasm \(fused-/);
  assert.match(backends[1]!.description, /^cpu \(generic\)$/);
});

test('a closed backend refuses further batches', async () => {
  const backend = await openBackend('cpu');
  await backend.close();
  await assert.rejects(backend.apply(new Uint8Array(8 * 8 * 3), 8, partsOf([[{ op: 'grayscale' }]])), {
    reason: 'BACKEND_UNAVAILABLE',
  });
  await backend.close();
});

test('a device that is ended at once fails what it has, and says so; one that is closed ends that first', async () => {
  const [killed, closed] = await Promise.all([openGpuDevice('cpu'), openGpuDevice('cpu', { crops: true })]);
  assert.deepEqual([killed.resizes, closed.resizes, killed.lanes], [false, true, 1]);
  const run = (device: Device) =>
    applyOnDevice(device, new Uint8Array(64 * 64 * 3), 64, partsOf([[{ op: 'grayscale' }]]));
  const failing = assert.rejects(run(killed), { reason: 'BACKEND_UNAVAILABLE' });
  await killed.kill();
  await failing;
  const ending = run(closed);
  await closed.close();
  await ending;
  await assert.rejects(run(closed), { reason: 'BACKEND_UNAVAILABLE' });
});
