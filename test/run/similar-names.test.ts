import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runKeys } from '../../src/run/run-schema.js';
import { nearest } from '../../src/run/similar-names.js';

test('common slips find what was meant', () => {
  const slips = {
    solarise: 'solarize',
    grayscal: 'grayscale',
    greyscale: 'grayscale',
    gaussian_blurr: 'gaussian_blur',
    blur: 'gaussian_blur',
    colour_jitter: 'color_jitter',
    erasin: 'erasing',
    Scale: 'scale',
    weight_decay_end: 'weight_decay',
    globalbatch: 'global_batch',
  };
  for (const [slip, meant] of Object.entries(slips)) assert.equal(nearest(slip, runKeys)[0], meant, slip);
});

test('what is near nothing gets no names', () => {
  assert.deepEqual(nearest('xyzzy', runKeys), []);
  assert.deepEqual(nearest('', runKeys), []);
  assert.deepEqual(nearest('x'.repeat(1e6), runKeys), []);
});

test('any one character changed, added or lost in a name of four or more still finds it', () => {
  const names = runKeys.filter((key) => key.length >= 4);
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.nat(), fc.constantFrom('', 'q', 'qq'), (name, at, put) => {
      const place = at % name.length;
      assert.ok(nearest(name.slice(0, place) + put + name.slice(place + 1), names).includes(name));
    }),
  );
});
