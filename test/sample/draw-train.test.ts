import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { recipes } from '../../src/run/recipes.js';
import type { Box, Draw } from '../../src/sample/draw.js';
import { drawTrain } from '../../src/sample/draw-train.js';

const knobsOf = (name: string) => recipes.find((recipe) => recipe.name === name)!.knobs;
const image = { width: 500, height: 375 };
const geometry = (crop: Box, hflip: boolean) => ({
  crop,
  width: 224,
  height: 224,
  window: { top: 0, left: 0, height: 224, width: 224 },
  interpolation: 'BICUBIC',
  hflip,
  vflip: false,
});

describe('drawTrain', () => {
  it('draws the golden parameters of dinov3', () => {
    const draws = [0, 1, 7, 2 ** 32 - 1].map((seed) => drawTrain(seed, image, 224, knobsOf('dinov3')));
    assert.deepEqual(draws, [
      {
        geometry: geometry({ top: 17, left: 80, height: 294, width: 343 }, true),
        steps: [
          { op: 'hue', turns: -0.01965653896331787 },
          { op: 'saturation', factor: 0.9395574331283569 },
          { op: 'brightness', factor: 0.9645023941993713 },
          { op: 'contrast', factor: 1.1058449745178223 },
          { op: 'grayscale' },
          { op: 'gaussianBlur', sigma: 0.658388078212738 },
        ],
        erase: null,
      },
      {
        geometry: geometry({ top: 71, left: 153, height: 272, width: 311 }, true),
        steps: [
          { op: 'contrast', factor: 1.0197327136993408 },
          { op: 'hue', turns: -0.03897010162472725 },
          { op: 'saturation', factor: 1.0730457305908203 },
          { op: 'brightness', factor: 1.110944390296936 },
          { op: 'gaussianBlur', sigma: 1.1876966953277588 },
        ],
        erase: null,
      },
      {
        geometry: geometry({ top: 14, left: 89, height: 357, width: 300 }, true),
        steps: [
          { op: 'hue', turns: 0.010187041945755482 },
          { op: 'brightness', factor: 0.8922529220581055 },
          { op: 'contrast', factor: 1.2810146808624268 },
          { op: 'saturation', factor: 1.141977310180664 },
          { op: 'gaussianBlur', sigma: 0.9456713199615479 },
        ],
        erase: null,
      },
      {
        geometry: geometry({ top: 41, left: 59, height: 333, width: 352 }, false),
        steps: [
          { op: 'hue', turns: -0.06407367438077927 },
          { op: 'contrast', factor: 1.1698797941207886 },
          { op: 'saturation', factor: 1.1025984287261963 },
          { op: 'brightness', factor: 1.2400158643722534 },
          { op: 'grayscale' },
          { op: 'gaussianBlur', sigma: 0.18946996331214905 },
        ],
        erase: null,
      },
    ]);
  });

  it('draws the golden parameters of default', () => {
    const draws = [0, 1, 7, 2 ** 32 - 1].map((seed) => drawTrain(seed, image, 224, knobsOf('default')));
    assert.deepEqual(draws, [
      {
        geometry: geometry({ top: 17, left: 80, height: 294, width: 343 }, true),
        steps: [
          { op: 'sharpness', factor: 1 - 0.26999998092651367 },
          { op: 'translateX', magnitude: -30.45317268371582, interpolation: 'BICUBIC' },
        ],
        erase: null,
      },
      {
        geometry: geometry({ top: 71, left: 153, height: 272, width: 311 }, true),
        steps: [
          { op: 'rotate', magnitude: -9, interpolation: 'BICUBIC' },
          { op: 'posterize', bits: 7 },
        ],
        erase: null,
      },
      {
        geometry: geometry({ top: 14, left: 89, height: 357, width: 300 }, true),
        steps: [{ op: 'solarize', threshold: 178.5 }, { op: 'equalize' }],
        erase: null,
      },
      {
        geometry: geometry({ top: 41, left: 59, height: 333, width: 352 }, false),
        steps: [
          { op: 'shearX', magnitude: -0.09000000357627869, interpolation: 'BICUBIC' },
          { op: 'shearY', magnitude: -0.09000000357627869, interpolation: 'BICUBIC' },
        ],
        erase: null,
      },
    ]);
  });

  it('is a function of its arguments, and survives JSON', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), fc.constantFrom(...recipes), (seed, { knobs }) => {
        const draw = drawTrain(seed, image, 96, knobs);
        assert.deepEqual(drawTrain(seed, image, 96, knobs), draw);
        assert.deepEqual(JSON.parse(JSON.stringify(draw)), draw);
      }),
    );
  });

  it('keeps the crop inside the image and the erased box inside the result', () => {
    const side = fc.integer({ min: 1, max: 70_000 });
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), side, side, fc.integer({ min: 8, max: 1024 }), (seed, width, height, size) => {
        const { geometry, erase } = drawTrain(seed, { width, height }, size, { ...knobsOf('default'), erasing: 1 });
        const { crop } = geometry;
        assert.ok(crop.top >= 0 && crop.left >= 0 && crop.width > 0 && crop.height > 0);
        assert.ok(crop.left + crop.width <= width && crop.top + crop.height <= height);
        if (erase) assert.ok(erase.left + erase.width <= size && erase.top + erase.height <= size);
      }),
    );
  });

  it('leaves the earlier draws alone when a later transform changes', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), (seed) => {
        const before = drawTrain(seed, image, 224, knobsOf('dinov3'));
        const after = drawTrain(seed, image, 224, { ...knobsOf('dinov3'), solarize: 0.9, erasing: 1 });
        const others = ({ steps }: Draw) => steps.filter(({ op }) => op !== 'solarize');
        assert.deepEqual([after.geometry, others(after)], [before.geometry, others(before)]);
      }),
    );
  });
});
