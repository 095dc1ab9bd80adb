import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Device } from '../../../src/augment/device.js';
import { tapsBound, tapsOfDevice } from '../../../src/augment/gpu/crop-tables.js';
import { openGpuDevice } from '../../../src/augment/gpu/gpu-device.js';
import { resizeWeights } from '../../../src/augment/simd/resize-weights.js';
import { splitSteps } from '../../../src/augment/split-steps.js';
import type { Draw, DrawStep } from '../../../src/sample/draw.js';
import { difference, numbers, resizeDraw } from '../cases.js';
import { type CropCase, cropCase, deviceBytes, randomCropCase, simdBytes } from '../gpu-crops-cases.js';
import { vectorCases } from '../gpu-crops-vectors.js';

let webasm: Device;
let cpu: Device;

before(async () => {
  webasm = await openGpuDevice('webasm', { crops: true });
  cpu = await openGpuDevice('cpu', { crops: true });
});
after(async () => {
  await webasm.close();
  await cpu.close();
});

/** Both give what the worker threads give; returns how many crops webasm took. */
async function agree(cases: readonly CropCase[], size: number, backends = [webasm, cpu]): Promise<number> {
  const expected = simdBytes(cases, size);
  let most = 0;
  for (const backend of backends) {
    const { pixels, taken } = await deviceBytes(backend, cases, size);
    assert.equal(difference(pixels, expected, size), undefined, `${backend.description} at ${size}`);
    most = taken;
  }
  return most;
}

/** A resize to a square, with nothing else drawn. */
function square(width: number, height: number, size: number, changes: Partial<Draw> = {}): CropCase {
  const each = { width, height, to: [size, size] as const, left: 0, top: 0, size, hflip: false, vflip: false };
  return cropCase({ ...each, interpolation: 'BICUBIC' }, numbers(width * 7919 + height), { steps: [], ...changes });
}

for (const [size, n, both] of [
  [7, 16, true],
  [33, 16, true],
  [96, 16, true],
  [224, 6, true],
  [256, 4, false],
  [336, 4, false],
  [518, 4, false],
] as const)
  test(`random crops, resized to ${size} and augmented, have simd’s bytes`, async () => {
    const next = numbers(size);
    const cases = Array.from({ length: n }, () => randomCropCase(size, next));
    const taken = await agree(cases, size, both ? [webasm, cpu] : [webasm]);
    assert.ok(taken > n / 2, `${taken} of ${n} taken`);
  });

test('every vector of stock torchvision has simd’s bytes', async () => {
  let count = 0;
  let taken = 0;
  for (const [size, cases] of await vectorCases()) {
    // the others have steps that are the worker threads'
    const device = cases.filter(({ draw }) => splitSteps(draw.steps) === 0);
    count += device.length;
    taken += await agree(device, size);
    await agree(cases, size, [webasm]);
  }
  assert.ok(count > 30 && taken > 0.8 * count, `${taken} of ${count} taken`);
});

test('crops of one pixel, of one row, of the result’s own size, and empty ones', async () => {
  const sides = [
    [1, 1],
    [1, 40],
    [40, 1],
    [32, 32],
    [32, 5],
    [5, 32],
    [0, 9],
    [9, 0],
  ] as const;
  for (const interpolation of ['BICUBIC', 'BILINEAR', 'NEAREST'] as const) {
    const cases = sides.map(([width, height]) => {
      const each = square(width, height, 32);
      return { ...each, draw: { ...each.draw, geometry: { ...each.draw.geometry, interpolation } } };
    });
    assert.equal(await agree(cases, 32), sides.length);
    const { pixels } = await deviceBytes(webasm, cases.slice(-2), 32);
    assert.ok(pixels.every((level) => level === 0));
  }
});

test('sums at their ends, a hair from where Pillow rounds, are exact to the most taps that are taken', async () => {
  // 8 columns out of 2040: scale 255, of BILINEAR's support 1: 512 taps
  const [width, size] = [2040, 8];
  assert.equal(tapsBound(width, size, 'BILINEAR'), tapsOfDevice);
  const { bounds, weights, pairs } = resizeWeights(width, size, 'BILINEAR');
  const one = 2 ** 22;
  const crops = [256, 1024, 2048, 8192].flatMap((radix) => [-1, 1].map((sign) => ({ radix, sign })));
  const cases = crops.map(({ radix, sign }): CropCase => {
    const levels = new Uint8Array(width).fill(128);
    // every second column, so that no two share a pixel
    for (let x = 0; x < size; x += 2) {
      const taps = Array.from({ length: 2 * bounds[2 * x + 1]! }, (_, k) => {
        const at = 4 * (x * pairs + (k >> 1)) + (k & 1);
        return { pixel: bounds[2 * x]! + k, weight: weights[at]! * 2048 + weights[at + 2]! };
      }).filter(({ pixel, weight }) => pixel < width && weight > 0);
      // white where the low part of a weight, were it split so, has one sign; black elsewhere
      for (const { pixel, weight } of taps)
        levels[pixel] = sign * (weight - radix * Math.floor(weight / radix + 0.5)) > 0 ? 255 : 0;
      // then taken down, the heaviest first, to the least sum that rounds up, or to the greatest that does not
      const sum = taps.reduce((total, { pixel, weight }) => total + weight * levels[pixel]!, one / 2);
      let rest = sum % one;
      taps.sort((one, two) => two.weight - one.weight);
      for (const { pixel, weight } of taps) {
        const steps = Math.min(levels[pixel]!, Math.floor(rest / weight));
        levels[pixel] = levels[pixel]! - steps;
        rest -= steps * weight;
      }
      const lightest = taps.findLast(({ pixel, weight }) => levels[pixel]! > 0 && weight > rest);
      if (x % 4 === 0 && lightest) levels[lightest.pixel] = levels[lightest.pixel]! - 1;
    }
    const data = Uint8Array.from({ length: width * 3 }, (_, i) => levels[Math.floor(i / 3)]!);
    const each = { width, height: 1, to: [size, size] as const, left: 0, top: 0, size, hflip: false, vflip: false };
    return { crop: { data, width, height: 1 }, draw: resizeDraw({ ...each, interpolation: 'BILINEAR' }) };
  });
  // among empty crops, for a run's room is shared by its samples
  const empty = Array.from({ length: 504 }, () => square(0, 0, size));
  assert.equal(await agree([...cases, ...empty], size), 512);
});

test('sides of 4000 pixels, across and down, are taken where they find room', async () => {
  const cases = [square(4000, 30, 224), square(30, 4000, 224), square(4000, 3, 224)];
  const empty = Array.from({ length: 13 }, () => square(0, 0, 224));
  assert.equal(await agree([...cases, ...empty], 224, [webasm]), 16);
});

test('what the device does not take has the same bytes: other operations, too many taps, no room', async () => {
  const steps: readonly DrawStep[] = [{ op: 'equalize' }, { op: 'invert' }];
  assert.equal(await agree([square(60, 50, 48, { steps }), square(60, 50, 48)], 48), 1);
  // among empty crops, so that there is room
  const empty = Array.from({ length: 30 }, () => square(0, 0, 32));
  assert.equal(await agree([square(4200, 2, 32), square(4000, 2, 32), ...empty], 32), 31);
  assert.equal(await agree([square(200, 200, 40), square(150, 150, 40), square(80, 80, 40)], 40), 1);
});

test('a batch of more images than one run takes, and one at a time, and none', async () => {
  const next = numbers(5);
  const size = 518;
  const cases = Array.from({ length: 5 }, () => randomCropCase(size, next));
  await agree(cases, size, [webasm]);
  const { pixels } = await deviceBytes(webasm, [], size);
  assert.equal(pixels.length, 0);
});

test('batches that overlap do not reach into one another', async () => {
  const size = 64;
  const next = numbers(6);
  const batches = Array.from({ length: 6 }, (_, i) =>
    Array.from({ length: 3 + (i % 3) }, () => randomCropCase(size, next)),
  );
  const came = await Promise.all(batches.map((cases) => deviceBytes(webasm, cases, size)));
  for (const [i, cases] of batches.entries())
    assert.equal(difference(came[i]!.pixels, simdBytes(cases, size), size), undefined);
});
