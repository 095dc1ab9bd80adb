import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recipes } from '../../src/run/recipes.js';

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

test("every recipe has upstream's values", () => {
  assert.deepEqual(
    recipes.map(({ name }) => name),
    Object.keys(upstream),
  );
  for (const { name, knobs: k, training: t } of recipes) {
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
