import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { learningRateFactors, oneCycle, shapes } from '../../src/schedule/shapes.js';

test('every shape goes from the first value to the last without leaving what lies between', () => {
  const value = fc.double({ min: 0, max: 1, noNaN: true });
  for (const [name, shape] of Object.entries(shapes))
    fc.assert(
      fc.property(value, value, fc.integer({ min: 2, max: 300 }), (first, last, epochs) => {
        const values = Array.from({ length: epochs }, (_, epoch) => shape(first, last, epoch, epochs));
        assert.equal(values[0], first);
        assert.ok(Math.abs(values.at(-1)! - last) <= 1e-15, name);
        const steps = values.slice(1).map((next, i) => (next - values[i]!) * Math.sign(last - first));
        assert.ok(
          steps.every((step) => step >= -1e-15),
          name,
        );
      }),
    );
});

test('a run of one epoch has the first value', () => {
  for (const shape of Object.values(shapes)) assert.equal(shape(0.04, 0.2, 0, 1), 0.04);
});

test('one cycle is half a cosine', () => {
  assert.deepEqual([oneCycle(1, 0, 10, 0), oneCycle(1, 0, 10, 5), oneCycle(1, 0, 10, 10)], [1, 0.5, 0]);
});

test('every learning-rate factor falls from 1 and stays above its last value', () => {
  const value = fc.double({ min: 0, max: 0.99, noNaN: true });
  for (const [name, factor] of Object.entries(learningRateFactors))
    fc.assert(
      fc.property(value, fc.integer({ min: 1, max: 300 }), (lrf, epochs) => {
        const factors = Array.from({ length: epochs }, (_, epoch) => factor(lrf, epoch, epochs));
        assert.ok(Math.abs(factors[0]! - 1) <= 1e-15, name);
        assert.ok(
          factors.slice(1).every((next, i) => next < factors[i]!),
          name,
        );
        assert.ok(factors.at(-1)! > lrf, name);
      }),
    );
});
