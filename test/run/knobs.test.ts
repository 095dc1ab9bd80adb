import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findRecipe, resolveKnobs } from '../../src/run/knobs.js';
import { refused } from './fixture.js';

test('knobs on top of a recipe are checked as a config is', () => {
  assert.deepEqual(resolveKnobs('dinov3', { hsv_h: 0 }), { ...findRecipe('dinov3').knobs, hsv_h: 0 });
  refused(() => resolveKnobs('dinov4', {}), 'UNKNOWN_RECIPE', /nearest name is dinov3/);
  refused(() => resolveKnobs('dinov3', { blur: 1 }), 'UNKNOWN_KNOB', /gaussian_blur/);
  refused(() => resolveKnobs('dinov3', { seed: 1 }), 'UNKNOWN_KNOB');
  refused(() => resolveKnobs('dinov3', { flipud: 2 }), 'KNOB_OUT_OF_RANGE', /flipud/);
});
