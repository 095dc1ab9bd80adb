import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawGaussianBlur } from '../../src/sample/gaussian-blur.js';
import { mersenneTwister } from '../../src/sample/mersenne-twister.js';

test('whether it applies is drawn before the sigma, and neither where the transform is left out', () => {
  const [drawn, plain] = [mersenneTwister(42), mersenneTwister(42)];
  const knobs = { blur_sigma: [0.1, 2], transforms: 'ultralytics' } as const;
  assert.deepEqual(drawGaussianBlur(drawn, { ...knobs, gaussian_blur: 0 }), []);
  assert.deepEqual(drawGaussianBlur(drawn, { ...knobs, gaussian_blur: 0.5 }), []);
  plain.rand();
  plain.rand();
  assert.deepEqual(drawGaussianBlur(drawn, { ...knobs, gaussian_blur: 1 }), [
    { op: 'gaussianBlur', sigma: plain.uniform(0.1, 2) },
  ]);
});

test('the sigma has its bounds, and DINO’s pipelines draw at probability 0 as well', () => {
  const [drawn, plain] = [mersenneTwister(42), mersenneTwister(42)];
  const knobs = { gaussian_blur: 0, blur_sigma: [0.1, 5], transforms: 'dinov3' } as const;
  assert.deepEqual(drawGaussianBlur(drawn, knobs), []);
  plain.rand();
  plain.rand();
  const blur = drawGaussianBlur(drawn, { ...knobs, gaussian_blur: 1 });
  assert.deepEqual(blur, [{ op: 'gaussianBlur', sigma: plain.uniform(0.1, 5) }]);
});
