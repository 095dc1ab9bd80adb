import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyOnDevice } from '../../src/augment/apply-on-device.js';
import { fieldsOf, imagesIn } from '../../src/augment/cargo.js';
import type { CargoWork } from '../../src/augment/device.js';
import { numbers, randomImages } from './cases.js';

test('images go in cargos of what a device takes, the slots that are named alone, and come back in their places', async () => {
  const size = 518;
  const images = randomImages(11, size, numbers(1));
  const pixels = images.slice();
  const cargos: number[] = [];
  const works: CargoWork[] = [];
  await applyOnDevice(
    {
      async run(cargo, work) {
        cargos.push(imagesIn(cargo));
        works.push(work);
        // A device of this test's own, which inverts.
        const { pixels, results } = fieldsOf(cargo);
        results.set(pixels.map((pixel) => 0xffffff - pixel));
      },
    },
    pixels,
    size,
    [0, 2, 3, 4, 5, 6, 7, 8, 10].map((slot) => ({ slot, steps: [{ op: 'contrast', factor: 1 }] })),
  );
  assert.deepEqual(cargos, [4, 4, 1]);
  assert.deepEqual(works[0], { means: 1, blurs: false });
  const bytes = size * size * 3;
  for (let slot = 0; slot < 11; slot++) {
    const inverted = slot !== 1 && slot !== 9;
    const came = pixels.subarray(slot * bytes, (slot + 1) * bytes);
    const was = images.subarray(slot * bytes, (slot + 1) * bytes);
    assert.ok(
      came.every((level, i) => level === (inverted ? 255 - was[i]! : was[i])),
      `slot ${slot}`,
    );
  }
});
