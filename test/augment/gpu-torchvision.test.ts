import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { openBackend } from '../../src/augment/open-backend.js';
import { draw, numbers, operationCases, randomDraw, randomImages } from './gpu-cases.js';

/** The Python whose torch, torchvision and Pillow are the specification. */
const python = process.env.TRIBUTARY_PYTHON ?? '/usr/bin/python3';

function torchvision(source: string, input: Uint8Array): Buffer {
  const { status, stdout, stderr } = spawnSync(python, ['-c', source], { input, maxBuffer: 2 ** 28 });
  assert.equal(status, 0, String(stderr));
  return stdout;
}

/** Reads a line of JSON, then the images; writes what the explicit parameters make of them, and the blur apart. */
const chain = `
import json, sys
import numpy as np
from PIL import Image
from torchvision.transforms import functional as F
stream = sys.stdin.buffer
head = json.loads(stream.readline())
size = head["size"]
for d in head["draws"]:
    image = Image.frombytes("RGB", (size, size), stream.read(size * size * 3))
    jitter = d["jitter"]
    for place in jitter["order"] if jitter else []:
        name = ["brightness", "contrast", "saturation", "hue"][place]
        if jitter[name] is not None:
            image = getattr(F, "adjust_" + name)(image, jitter[name])
    if d["grayscale"]:
        image = F.to_grayscale(image, num_output_channels=3)
    if d["blur"] is not None:
        image = F.gaussian_blur(image, [9, 9], [d["blur"], d["blur"]])
    if d["solarize"]:
        image = F.solarize(image, 128)
    sys.stdout.buffer.write(np.asarray(image).tobytes())
`;

test('explicit jitter, grey, blur and solarize are torchvision’s', async () => {
  const size = 64;
  const next = numbers(2024);
  const draws = [...Object.values(operationCases).flat(), ...Array.from({ length: 160 }, () => randomDraw(next))];
  const images = randomImages(draws.length, size, next);
  const head = Buffer.from(`${JSON.stringify({ size, draws })}\n`);
  const expected = torchvision(chain, Buffer.concat([head, images]));
  const backend = await openBackend('webasm');
  await backend.apply(images, size, draws);
  await backend.close();
  const length = size * size * 3;
  let [blurred, blurredBytes, apart] = [0, 0, 0];
  for (const [z, { blur, solarize }] of draws.entries()) {
    const [came, wanted] = [images, expected].map((all) => all.subarray(z * length, (z + 1) * length)) as [
      Uint8Array,
      Uint8Array,
    ];
    if (blur === null) {
      assert.deepEqual(came, new Uint8Array(wanted), `sample ${z}: ${JSON.stringify(draws[z])}`);
      continue;
    }
    blurred++;
    blurredBytes += length;
    for (let i = 0; i < length; i++) {
      if (came[i] === wanted[i]) continue;
      apart++;
      // where 127 and 128 stand on either side of the threshold, solarize takes 128 to 127
      const inside = Math.abs(came[i]! - wanted[i]!) <= 1;
      assert.ok(inside, `sample ${z}: ${came[i]} for ${wanted[i]}, solarize ${solarize}`);
    }
  }
  assert.ok(blurred > 60, `${blurred} blurred samples`);
  assert.ok(apart <= 0.003 * blurredBytes, `${apart} of ${blurredBytes} blurred values apart`);
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
  const expected = torchvision(source, pixels).toString().trim();
  const jitter = { order: [0, 1, 2, 3], brightness: null, contrast: null, saturation: null, hue } as const;
  const backend = await openBackend('webasm');
  // the same bytes, as 64 images of 512 x 512
  await backend.apply(
    pixels,
    size / 8,
    Array.from({ length: 64 }, () => draw({ jitter })),
  );
  await backend.close();
  assert.equal(createHash('sha1').update(pixels).digest('hex'), expected);
});
