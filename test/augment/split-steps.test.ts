import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { Backend } from '../../src/augment/backend.js';
import { openBackend } from '../../src/augment/open-backend.js';
import { SimdKernels } from '../../src/augment/simd.js';
import { splitSteps } from '../../src/augment/split-steps.js';
import type { DrawStep } from '../../src/sample/draw.js';
import { anySteps, difference, draw, numbers, partsOf, randomImages, whole } from './cases.js';

const kernels = SimdKernels.create();
const backends: Backend[] = [];

before(async () => {
  for (const name of ['webasm', 'cpu', 'simd'] as const) backends.push(await openBackend(name));
});
after(async () => {
  for (const backend of backends) await backend.close();
});

const contrast: DrawStep = { op: 'contrast', factor: 0.5 };
const invert: DrawStep = { op: 'invert' };
const blur: DrawStep = { op: 'gaussianBlur', sigma: 1 };
const grayscale: DrawStep = { op: 'grayscale' };
const saturation: DrawStep = { op: 'saturation', factor: 0.5 };

for (const [what, steps, begin] of [
  ['nothing', [], 0],
  ['all of them', [contrast, invert, blur, invert], 0],
  ['what follows the last that is not the device’s', [invert, { op: 'equalize' }, invert, grayscale], 2],
  ['nothing before one that is not', [invert, { op: 'equalize' }], 2],
  ['two means', [contrast, contrast, invert, contrast], 1],
  ['one blur', [blur, invert, blur], 1],
  ['two operations on levels after a blur', [blur, invert, invert, invert], 1],
  ['no operation on pixels after a blur', [blur, grayscale], 1],
  ['four tables of products', [saturation, saturation, saturation, saturation, saturation], 1],
  ['seven operations in a pass', Array.from({ length: 9 }, () => invert), 2],
] as const satisfies readonly (readonly [string, readonly DrawStep[], number])[])
  test(`a device takes ${what}`, () => assert.equal(splitSteps(steps), begin));

test('any list of steps, split anywhere that a backend takes, has the same bytes on every backend', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(5, 23, 40), fc.nat(2 ** 31), async (size, seed) => {
      const next = numbers(seed);
      const lists = Array.from({ length: 4 }, () => anySteps(next, 7));
      const images = randomImages(lists.length, size, next);
      const length = size * size * 3;
      const each = (all: Uint8Array, slot: number) => all.subarray(slot * length, (slot + 1) * length);
      const run = (slot: number, end: number, out: Uint8Array) => {
        const crop = { data: each(images, slot), width: size, height: size };
        kernels.runPrefix(crop, draw({ geometry: whole(size), steps: lists[slot]! }), end, each(out, slot));
      };
      const expected = new Uint8Array(images.length);
      for (const [slot, steps] of lists.entries()) run(slot, steps.length, expected);
      for (const backend of backends) {
        const pixels = new Uint8Array(images.length);
        const suffixes = lists.map((steps, slot) => {
          const first = splitSteps(steps);
          const begin = first + Math.floor(next() * (steps.length - first + 1));
          run(slot, begin, pixels);
          return steps.slice(begin);
        });
        await backend.apply(
          pixels,
          size,
          partsOf(suffixes).filter(({ steps }) => steps.length > 0),
        );
        assert.equal(difference(pixels, expected, size), undefined, `${backend.name}: ${JSON.stringify(lists)}`);
      }
    }),
    { numRuns: 40 },
  );
});
