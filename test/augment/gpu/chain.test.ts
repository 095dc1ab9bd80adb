import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildChain } from '../../../src/augment/gpu/chain.js';
import { codeOf } from '../../../src/augment/gpu/codes.js';
import { loadLibrary } from '../../../src/augment/gpu/device.js';
import { columnsOf, pack, unpack } from '../../../src/augment/gpu/pixels.js';
import { programWidth } from '../../../src/augment/gpu/step-program.js';
import { numbers, randomImages } from '../cases.js';

test('a chain runs each sample’s own program, and one of nothing changes nothing', async (t) => {
  const { GPU, input } = loadLibrary();
  const gpu = new GPU({ mode: 'cpu' });
  const size = 6;
  const chain = buildChain(gpu, input, { images: 2, size, means: 0, blurs: false, crops: 0 });
  t.after(async () => {
    await chain.destroy();
    await gpu.destroy();
  });
  const images = randomImages(2, size, numbers(2));
  const packed = columnsOf(size) * size;
  const half = images.length / 2;
  for (const z of [0, 1])
    pack(images.subarray(z * half), size, chain.arguments.pixels.subarray(z * packed, (z + 1) * packed));
  chain.arguments.programs[programWidth] = codeOf('invert');
  const result = await chain.run();
  const out = new Uint8Array(images.length);
  for (const z of [0, 1]) unpack(result.subarray(z * packed, (z + 1) * packed), size, out.subarray(z * half));
  assert.deepEqual(
    out,
    images.map((level, i) => (i < half ? level : 255 - level)),
  );
  assert.deepEqual(chain.ran().mode, 'cpu');
});
