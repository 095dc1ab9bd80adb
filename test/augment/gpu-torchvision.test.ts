import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { uncertainValues } from '../../scripts/near-half.js';
import { apart } from '../../scripts/sample-pixels.js';
import { openBackend } from '../../src/augment/open-backend.js';
import { SimdKernels } from '../../src/augment/simd.js';
import { splitSteps } from '../../src/augment/split-steps.js';
import { anySteps, draw, numbers, partsOf, randomImages, randomSteps, singles, whole } from './cases.js';

/** The Python whose torch, torchvision and Pillow are the specification. */
const python = process.env.TRIBUTARY_PYTHON ?? '/usr/bin/python3';
const script = fileURLToPath(new URL('../../../test/augment/simd_torchvision.py', import.meta.url));

function torchvision(run: readonly string[], input: Uint8Array): Buffer {
  const { status, stdout, stderr } = spawnSync(python, run, { input, maxBuffer: 2 ** 28 });
  assert.equal(status, 0, String(stderr));
  return stdout;
}

test('every operation of a device, alone and in random lists, is torchvision’s', async () => {
  const size = 64;
  const next = numbers(2024);
  const backend = await openBackend('webasm');
  const random = Array.from({ length: 160 }, () => [
    ...anySteps(next, 3).filter(({ op }) => op !== 'gaussianBlur'),
    ...randomSteps(next),
  ]);
  const lists = [...singles, ...random].map((steps) => steps.slice(splitSteps(steps)));
  const images = randomImages(lists.length, size, next);
  const before = images.slice();
  const length = size * size * 3;
  const input = lists.flatMap((steps, z) => [
    Buffer.from(`${JSON.stringify({ width: size, height: size, steps })}\n`),
    images.subarray(z * length, (z + 1) * length),
  ]);
  const expected = torchvision([script], Buffer.concat(input));
  await backend.apply(images, size, partsOf(lists));
  await backend.close();
  const kernels = await SimdKernels.create();
  let blurred = 0;
  for (const [z, steps] of lists.entries()) {
    const [came, wanted] = [images, expected].map((all) => all.subarray(z * length, (z + 1) * length)) as [
      Uint8Array,
      Uint8Array,
    ];
    if (steps.some(({ op }) => op === 'gaussianBlur')) blurred++;
    const data = before.subarray(z * length, (z + 1) * length);
    const crop = { data, width: size, height: size };
    const found = apart(came, wanted, () =>
      uncertainValues(kernels, crop, draw({ steps, geometry: whole(size) }), size),
    );
    assert.equal(found.outside, 0, `sample ${z}: ${JSON.stringify([found, steps])}`);
  }
  assert.ok(blurred > 60, `${blurred} blurred samples`);
});

test('a hue shift of all 2^24 colours is torchvision’s', async () => {
  const size = 4096;
  const pixels = new Uint8Array(2 ** 24 * 3);
  for (let colour = 0; colour < 2 ** 24; colour++) {
    pixels[colour * 3] = colour >> 16;
    pixels[colour * 3 + 1] = (colour >> 8) & 255;
    pixels[colour * 3 + 2] = colour & 255;
  }
  const hue = Math.fround(0.0713);
  const source = `
import hashlib, sys
from PIL import Image
from torchvision.transforms import functional as F
image = Image.frombytes("RGB", (4096, 4096), sys.stdin.buffer.read())
print(hashlib.sha1(F.adjust_hue(image, ${hue}).tobytes()).hexdigest())`;
  const expected = torchvision(['-c', source], pixels).toString().trim();
  const backend = await openBackend('webasm');
  // the same bytes, as 64 images of 512 x 512
  await backend.apply(pixels, size / 8, partsOf(Array.from({ length: 64 }, () => [{ op: 'hue', turns: hue }])));
  await backend.close();
  assert.equal(createHash('sha1').update(pixels).digest('hex'), expected);
});
