import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSmoothed, smooth } from '../../src/decode/block-smoothing.js';
import type { Frame } from '../../src/decode/jpeg-segments.js';

const component = { id: 1, across: 1, down: 1, quant: 0, dc: 0, ac: 0 };
const frame: Frame = {
  width: 40,
  height: 8,
  precision: 8,
  components: [component],
  isProgressive: true,
  isArithmetic: false,
};
const pass = (first: number, last: number, low: number) => ({
  ...{ components: [component], first, last, high: 0, low, at: 0, restartInterval: 0, slots: [[0, 0]] as const },
  ...{ dc: new Map(), ac: new Map() },
});
const quants = new Map([[component, new Uint16Array(64).fill(1)]]);

test('a file is smoothed where its DC coefficients are known and one of nine others is not, or not wholly', () => {
  assert.equal(isSmoothed(frame, { passes: [pass(0, 0, 0)], quants }), true);
  assert.equal(isSmoothed(frame, { passes: [pass(0, 0, 0), pass(1, 63, 1)], quants }), true);
  assert.equal(isSmoothed(frame, { passes: [pass(0, 0, 0), pass(1, 9, 0)], quants }), false);
  assert.equal(isSmoothed(frame, { passes: [pass(1, 63, 0)], quants }), false);
  assert.equal(
    isSmoothed(frame, { passes: [pass(0, 0, 0)], quants: new Map([[component, new Uint16Array(64)]]) }),
    false,
  );
});

test('a step between blocks becomes a slope, and a flat image stays flat', () => {
  const plane = (levels: number[]) => {
    const values = new Int16Array(5 * 64);
    for (const [x, level] of levels.entries()) values[x * 64] = level;
    return { component, values, stride: 5, across: 5, down: 1 };
  };
  const progression = { passes: [pass(0, 0, 0)], quants };
  const flat = plane([9, 9, 9, 9, 9]);
  smooth(frame, progression, { planes: [flat], lastGood: 0 });
  assert.deepEqual(flat.values, plane([9, 9, 9, 9, 9]).values);
  const step = plane([0, 0, 0, 256, 256]);
  smooth(frame, progression, { planes: [step], lastGood: 0 });
  // The third block falls off to the right: its row's weight is 38, and 13 for each of the two next to it, 3 for the outer ones.
  assert.ok(step.values[2 * 64 + 1]! < 0);
  assert.ok(step.values[2 * 64]! > 0 && step.values[3 * 64]! < 256);
  assert.equal(step.values[2 * 64 + 8], 0);
});

test('what is known but for some bits is estimated no further than these', () => {
  const values = new Int16Array(5 * 64);
  for (let x = 0; x < 5; x++) values[x * 64] = x * 1000;
  const passes = [pass(0, 0, 0), pass(1, 63, 2)];
  smooth(frame, { passes, quants }, { planes: [{ component, values, stride: 5, across: 5, down: 1 }], lastGood: 0 });
  assert.equal(values[2 * 64 + 1], -3);
});
