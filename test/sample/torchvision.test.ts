import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { randomKnobs, randomness } from '../../scripts/random-knobs.js';
import { startTorchvision, type Torchvision } from '../../scripts/torchvision-process.js';
import type { Draw } from '../../src/sample/draw.js';
import { drawTrain } from '../../src/sample/draw-train.js';

/** A draw in the form in which torchvision_sample.py's `drawn` writes it down. */
function asDrawn({ geometry, steps, erase }: Draw): Record<string, unknown> {
  const { crop, hflip, vflip } = geometry;
  return {
    crop: [crop.top, crop.left, crop.height, crop.width],
    hflip,
    vflip,
    steps,
    erase: erase && [erase.top, erase.left, erase.height, erase.width],
  };
}

/** JSON has no negative zero, which torchvision's sign makes of magnitude 0. */
const withoutNegativeZero = (json: unknown) => JSON.parse(JSON.stringify(json));

describe('draws beside stock torchvision', () => {
  let torchvision: Torchvision;
  before(() => {
    torchvision = startTorchvision();
  });
  after(() => torchvision.close());

  it('are equal for 3000 seeds, image sizes, sizes and knobs', async () => {
    const comparisons = Array.from({ length: 3000 }, async (_, i) => {
      const random = randomness(i);
      const side = () => random.pick([1, 5, 33, 224, 375, 500, 640, 1 + random.below(900)]);
      const image = { width: side(), height: side() };
      const size = random.pick([8, 32, 96, 128, 224, 255, 336]);
      const knobs = randomKnobs(random);
      const seed = random.below(2 ** 32);
      const { json } = await torchvision.ask({ kind: 'draw', ...image, seed, size, knobs });
      const expected = withoutNegativeZero(json);
      assert.deepEqual(
        asDrawn(drawTrain(seed, image, size, knobs)),
        expected,
        JSON.stringify({ i, image, size, knobs }),
      );
    });
    await Promise.all(comparisons);
  });
});
