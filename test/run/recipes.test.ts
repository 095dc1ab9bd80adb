import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Recipe, recipes } from '../../src/run/recipes.js';

const inherited = { hsv_h: 0.015, hsv_s: 0.7, hsv_v: 0.4, auto_augment: 'randaugment', erasing: 0.4 };
const dinov3 = { hsv_h: 0.1, hsv_s: 0.2, hsv_v: 0.4, auto_augment: null, erasing: 0 };

// lr0, weight_decay, wd_end, warmup_epochs, epochs, momentum, grad_clip, beta2: upstream's RECIPES, written out once more.
const upstream = {
  default: [inherited, 3e-4, 0.05, null, 1, 10, 0.9, 3, null],
  eupe: [inherited, 2e-5, 1e-4, null, 1, 30, 0.9, 3, null],
  radio: [inherited, 1e-3, 0.02, null, 1, 30, 0.9, 1, 0.95],
  unic: [inherited, 6e-4, 0.03, null, 2, 30, 0.9, 3, null],
  dinov3: [dinov3, 2e-4, 0.04, 0.2, 1, 114, 0.9, 3, null],
  dinov3_lowwd: [dinov3, 2e-4, 0.02, null, 1, 114, 0.9, 3, null],
} as const;

// lr0, weight_decay, wd_end, warmup_epochs, epochs, momentum, grad_clip, beta2.
const papers = {
  unic_paper: [[0.08, 1], 224, 3e-4, 0.03, null, 10, 200, 0.9, 0, 0.99],
  dune_paper: [[0.4, 1], 336, 3e-4, 0.03, null, 20, 100, 0.9, 0, 0.99],
} as const;

// transforms, fliplr, whether jitter is shared, sides of global, gram and local; then the optimiser's.
const several = {
  dinov2: ['dinov2', 0.5, false, 224, null, 96, 4e-3, 0.04, 0.4, 10, 100, 0.9, 3, 0.999],
  dinov3_vitl: ['dinov3', 0.5, false, 224, null, 96, 1e-3, 0.04, 0.4, 10, 100, 0.9, 3, 0.999],
  dinov3_7b: ['dinov3', 0, false, 256, null, 112, 5e-5, 0.04, null, 100, 1000, 0.9, 30, 0.99],
  dinov3_gram: ['dinov3', 0, false, 256, 512, 112, 3e-5, 0.04, null, 100, 1200, 0.9, 30, 0.99],
  dinov3_shared: ['dinov3', 0.5, true, 224, null, 96, 1e-3, 0.04, 0.4, 10, 100, 0.9, 3, 0.999],
} as const;

const optimiser = ({ training: t }: Recipe) => [
  ...[t.lr0, t.weight_decay, t.wd_end, t.warmup_epochs, t.epochs, t.momentum, t.grad_clip, t.beta2],
];
const named = (name: string) => recipes.find((recipe) => recipe.name === name)!;

test('the recipes of papers have their values, on the kernels of Pillow', () => {
  for (const [name, values] of Object.entries(papers)) {
    const recipe = named(name);
    const { knobs: k, image_size = 224 } = recipe;
    assert.deepEqual([k.scale, image_size, ...optimiser(recipe)], values, name);
    assert.deepEqual(
      [k.color_jitter, k.grayscale, k.gaussian_blur, k.blur_sigma, k.solarize],
      [0.8, 0.2, 0.2, [0.1, 5], 0.2],
    );
    assert.deepEqual([k.hsv_v, k.hsv_s, k.hsv_h, k.auto_augment, k.transforms], [0.4, 0.2, 0.1, null, 'ultralytics']);
  }
});

test('the recipes of several views have DINO’s crops, and the blur’s probabilities that take effect', () => {
  for (const [name, values] of Object.entries(several)) {
    const recipe = named(name);
    const { knobs: k, views, share_color_jitter = false } = recipe;
    const [global, gram, local] = views!;
    const sides = [global!.image_size, gram!.image_size, local!.image_size];
    assert.deepEqual([k.transforms, k.fliplr, share_color_jitter, ...sides, ...optimiser(recipe)], values, name);
    assert.deepEqual([k.color_jitter, k.hsv_v, k.hsv_s, k.hsv_h, k.grayscale], [0.8, 0.4, 0.2, 0.1, 0.2]);
    assert.deepEqual(
      [global!.count, global!.scale, global!.gaussian_blur, global!.solarize],
      [2, [0.32, 1], [0, 0.9], [0, 0.2]],
    );
    assert.deepEqual([local!.count, local!.scale, local!.gaussian_blur, gram!.of], [8, [0.05, 0.32], 0.5, 'global']);
  }
});

test("every recipe has upstream's values", () => {
  assert.deepEqual(
    recipes.map(({ name }) => name),
    [...Object.keys(upstream), ...Object.keys(papers), ...Object.keys(several)],
  );
  for (const { name, knobs: k, training: t } of recipes.filter(({ name }) => Object.hasOwn(upstream, name))) {
    const [shared, ...values] = upstream[name as keyof typeof upstream];
    const own = [t.lr0, t.weight_decay, t.wd_end, t.warmup_epochs, t.epochs, t.momentum, t.grad_clip, t.beta2];
    assert.deepEqual(own, values, name);
    assert.deepEqual([t.lrf, t.wd_schedule, t.lr_schedule], [0.01, 'cosine', 'cosine']);
    const { hsv_h, hsv_s, hsv_v, auto_augment, erasing } = k;
    assert.deepEqual({ hsv_h, hsv_s, hsv_v, auto_augment, erasing }, shared, name);
    const extras = shared === dinov3 ? [0.2, 0.5, 0.2] : [0, 0, 0];
    assert.deepEqual([k.grayscale, k.gaussian_blur, k.solarize], extras, name);
    assert.deepEqual(
      [k.color_jitter, k.force_color_jitter, k.fliplr, k.flipud, k.scale, k.ratio, k.interpolation],
      [1, false, 0.5, 0, [0.08, 1], [3 / 4, 4 / 3], 'BICUBIC'],
    );
  }
});
