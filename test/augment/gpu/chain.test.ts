import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyCargo } from '../../../src/augment/cargo.js';
import { buildChain } from '../../../src/augment/gpu/chain.js';
import { loadLibrary } from '../../../src/augment/gpu/device.js';
import { SimdKernels } from '../../../src/augment/simd.js';
import { stowImage, unstow } from '../../../src/augment/stow.js';
import { numbers, randomImages } from '../cases.js';

test('a chain runs each image’s own steps, one of none changes nothing, and it may have room for more', async (t) => {
  const { GPU, input } = loadLibrary();
  const gpu = new GPU({ mode: 'cpu' });
  const size = 6;
  const chain = buildChain(gpu, input, { images: 4, size, means: 0, blurs: false, crops: 0 }, false);
  t.after(async () => {
    await chain.destroy();
    await gpu.destroy();
  });
  const kernels = SimdKernels.create();
  for (const round of [0, 1]) {
    const images = randomImages(2, size, numbers(round));
    const half = images.length / 2;
    const cargo = emptyCargo({ images: 2, size, kind: 'images' });
    for (const z of [0, 1])
      stowImage(cargo, z === 1 - round ? [{ op: 'invert' }] : [], (target) =>
        kernels.pack(images.subarray(z * half, (z + 1) * half), size, target),
      );
    await chain.run(cargo);
    const out = new Uint8Array(images.length);
    for (const z of [0, 1])
      unstow(cargo, kernels, { z, from: 0, crop: null }, null, out.subarray(z * half, (z + 1) * half));
    assert.deepEqual(
      out,
      images.map((level, i) => (Math.floor(i / half) === round ? level : 255 - level)),
    );
  }
  assert.deepEqual(chain.ran().mode, 'cpu');
});
