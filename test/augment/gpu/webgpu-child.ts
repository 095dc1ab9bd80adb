import assert from 'node:assert/strict';
import { openBackend } from '../../../src/augment/open-backend.js';
import { splitSteps } from '../../../src/augment/split-steps.js';
import type { DrawStep } from '../../../src/sample/draw.js';
import { anySteps, difference, numbers, partsOf, randomImages, randomSteps, singles } from '../cases.js';
import { deviceBytes, randomCropCase, simdBytes } from '../gpu-crops-cases.js';
import { vectorCases } from '../gpu-crops-vectors.js';
import { reference } from '../step-reference.js';

// Run by device.test.ts as a process of its own, for Vulkan's environment is read when the device is loaded. Writes one
// line of JSON.
const choice = process.argv[2] as 'auto' | 'webgpu';
const backend = await openBackend(choice);

async function agrees(size: number, asked: readonly (readonly DrawStep[])[]): Promise<void> {
  const lists = asked.map((steps) => steps.slice(splitSteps(steps)));
  const images = randomImages(lists.length, size, numbers(size));
  const expected = reference(images, size, lists);
  await backend.apply(images, size, partsOf(lists));
  assert.equal(difference(images, expected, size), undefined, `size ${size}`);
}

if (choice === 'webgpu') {
  await agrees(33, singles);
  const next = numbers(11);
  for (const [size, n] of [
    [96, 8],
    [224, 2],
    [256, 2],
    [336, 2],
    [518, 2],
  ] as const)
    await agrees(
      size,
      Array.from({ length: n }, () => [...anySteps(next, 4), ...randomSteps(next)]),
    );
  // hues of 2^20 colours, every sixteenth, in one image
  const size = 1024;
  const pixels = new Uint8Array(size * size * 3);
  for (let i = 0; i < size * size; i++) {
    const colour = i * 16 + (i % 16);
    pixels.set([colour >> 16, (colour >> 8) & 255, colour & 255], i * 3);
  }
  const hue = [{ op: 'hue', turns: Math.fround(-0.0413) } as const];
  const expected = reference(pixels, size, [hue]);
  await backend.apply(pixels, size, partsOf([hue]));
  assert.equal(difference(pixels, expected, size), undefined, 'sampled hues');
}
if (choice === 'webgpu') {
  const device = (await backend.device!.open())!;
  assert.ok(device.resizes, 'webgpu resizes');
  const next = numbers(12);
  // together, so that uploads and readbacks overlap
  await Promise.all(
    [33, 96, 96, 33, 224, 96].map(async (size) => {
      const cases = Array.from({ length: size === 224 ? 2 : 6 }, () => randomCropCase(size, next));
      const { pixels, taken } = await deviceBytes(device, cases, size);
      assert.equal(difference(pixels, simdBytes(cases, size), size), undefined, `crops at ${size}`);
      assert.ok(taken > 0);
    }),
  );
  for (const [size, cases] of await vectorCases()) {
    if (size > 96) continue;
    const { pixels } = await deviceBytes(device, cases, size);
    assert.equal(difference(pixels, simdBytes(cases, size), size), undefined, `vectors at ${size}`);
  }
}
// not closed: an idle backend must let the process end
const device = choice === 'auto' ? await backend.device!.open() : undefined;
console.log(JSON.stringify({ name: backend.name, description: backend.description, device }));
