import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { knobFields, knobNames, unknownKnob, unknownRecipe } from '../../src/run/knobs.js';
import { check } from '../../src/run/problems.js';

const wrong = (values: object) =>
  check(z.strictObject(knobFields).partial(), values, [], unknownKnob(knobNames)).problems;

test('a knob has its range, and a key that is none has its remedy', () => {
  assert.deepEqual(wrong({ hsv_h: 0, auto_augment: 'none' }), []);
  const cases = [
    [{ blur: 1 }, 'UNKNOWN_KNOB', /gaussian_blur/],
    [{ seed: 1 }, 'UNKNOWN_KNOB', /./],
    [{ mosaic: 1 }, 'UNSUPPORTED_KNOB', /combines/],
    [{ auto_augment: 'augmix' }, 'UNSUPPORTED_KNOB', /randaugment/],
    [{ flipud: 2 }, 'KNOB_OUT_OF_RANGE', /flipud/],
  ] as const;
  for (const [values, reason, remedy] of cases) {
    const [problem, ...others] = wrong(values);
    assert.deepEqual([problem?.reason, others], [reason, []]);
    assert.match(problem!.remedy, remedy);
  }
});

test('the nearest recipe is named', () => {
  assert.match(unknownRecipe('dinov4', ['recipe']).remedy, /nearest names are dinov3, dinov2/);
});
