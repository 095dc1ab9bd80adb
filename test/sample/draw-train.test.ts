import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { recipes } from '../../src/run/recipes.js';
import { drawTrain } from '../../src/sample/draw-train.js';

const knobsOf = (name: string) => recipes.find((recipe) => recipe.name === name)!.knobs;
const image = { width: 500, height: 375 };

describe('drawTrain', () => {
  it('draws the golden parameters of dinov3', () => {
    const draws = [0, 1, 7, 2 ** 32 - 1].map((seed) => drawTrain(seed, image, 224, knobsOf('dinov3')));
    assert.deepEqual(draws, [
      {
        geometry: {
          crop: { top: 17, left: 80, height: 294, width: 343 },
          width: 224,
          height: 224,
          window: { top: 0, left: 0, height: 224, width: 224 },
          interpolation: 'BICUBIC',
        },
        hflip: true,
        vflip: false,
        policy: [],
        jitter: {
          order: [3, 2, 0, 1],
          brightness: 0.9645023941993713,
          contrast: 1.1058449745178223,
          saturation: 0.9395574331283569,
          hue: -0.01965653896331787,
        },
        grayscale: true,
        blur: 0.658388078212738,
        solarize: false,
        erase: null,
      },
      {
        geometry: {
          crop: { top: 71, left: 153, height: 272, width: 311 },
          width: 224,
          height: 224,
          window: { top: 0, left: 0, height: 224, width: 224 },
          interpolation: 'BICUBIC',
        },
        hflip: true,
        vflip: false,
        policy: [],
        jitter: {
          order: [1, 3, 2, 0],
          brightness: 1.110944390296936,
          contrast: 1.0197327136993408,
          saturation: 1.0730457305908203,
          hue: -0.03897010162472725,
        },
        grayscale: false,
        blur: 1.1876966953277588,
        solarize: false,
        erase: null,
      },
      {
        geometry: {
          crop: { top: 14, left: 89, height: 357, width: 300 },
          width: 224,
          height: 224,
          window: { top: 0, left: 0, height: 224, width: 224 },
          interpolation: 'BICUBIC',
        },
        hflip: true,
        vflip: false,
        policy: [],
        jitter: {
          order: [3, 0, 1, 2],
          brightness: 0.8922529220581055,
          contrast: 1.2810146808624268,
          saturation: 1.141977310180664,
          hue: 0.010187041945755482,
        },
        grayscale: false,
        blur: 0.9456713199615479,
        solarize: false,
        erase: null,
      },
      {
        geometry: {
          crop: { top: 41, left: 59, height: 333, width: 352 },
          width: 224,
          height: 224,
          window: { top: 0, left: 0, height: 224, width: 224 },
          interpolation: 'BICUBIC',
        },
        hflip: false,
        vflip: false,
        policy: [],
        jitter: {
          order: [3, 1, 2, 0],
          brightness: 1.2400158643722534,
          contrast: 1.1698797941207886,
          saturation: 1.1025984287261963,
          hue: -0.06407367438077927,
        },
        grayscale: true,
        blur: 0.18946996331214905,
        solarize: false,
        erase: null,
      },
    ]);
  });

  it('draws the golden parameters of default', () => {
    const draws = [0, 1, 7, 2 ** 32 - 1].map((seed) => drawTrain(seed, image, 224, knobsOf('default')));
    assert.deepEqual(draws, [
      {
        geometry: {
          crop: { top: 17, left: 80, height: 294, width: 343 },
          width: 224,
          height: 224,
          window: { top: 0, left: 0, height: 224, width: 224 },
          interpolation: 'BICUBIC',
        },
        hflip: true,
        vflip: false,
        policy: [
          { name: 'Sharpness', magnitude: -0.26999998092651367 },
          { name: 'TranslateX', magnitude: -30.45317268371582 },
        ],
        jitter: null,
        grayscale: false,
        blur: null,
        solarize: false,
        erase: null,
      },
      {
        geometry: {
          crop: { top: 71, left: 153, height: 272, width: 311 },
          width: 224,
          height: 224,
          window: { top: 0, left: 0, height: 224, width: 224 },
          interpolation: 'BICUBIC',
        },
        hflip: true,
        vflip: false,
        policy: [
          { name: 'Rotate', magnitude: -9 },
          { name: 'Posterize', magnitude: 7 },
        ],
        jitter: null,
        grayscale: false,
        blur: null,
        solarize: false,
        erase: null,
      },
      {
        geometry: {
          crop: { top: 14, left: 89, height: 357, width: 300 },
          width: 224,
          height: 224,
          window: { top: 0, left: 0, height: 224, width: 224 },
          interpolation: 'BICUBIC',
        },
        hflip: true,
        vflip: false,
        policy: [
          { name: 'Solarize', magnitude: 178.5 },
          { name: 'Equalize', magnitude: 0 },
        ],
        jitter: null,
        grayscale: false,
        blur: null,
        solarize: false,
        erase: null,
      },
      {
        geometry: {
          crop: { top: 41, left: 59, height: 333, width: 352 },
          width: 224,
          height: 224,
          window: { top: 0, left: 0, height: 224, width: 224 },
          interpolation: 'BICUBIC',
        },
        hflip: false,
        vflip: false,
        policy: [
          { name: 'ShearX', magnitude: -0.09000000357627869 },
          { name: 'ShearY', magnitude: -0.09000000357627869 },
        ],
        jitter: null,
        grayscale: false,
        blur: null,
        solarize: false,
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
        const { solarize: _, erase: __, ...before } = drawTrain(seed, image, 224, knobsOf('dinov3'));
        const changed = { ...knobsOf('dinov3'), solarize: 0.9, erasing: 1 };
        const { solarize: ___, erase: ____, ...after } = drawTrain(seed, image, 224, changed);
        assert.deepEqual(after, before);
      }),
    );
  });
});
