import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { composeExact } from '../../src/plan/exact.js';
import { countsBefore } from '../../src/plan/mixing.js';
import { preparePlan } from '../../src/plan/prepare.js';
import { anyRun } from './input.js';

test('a step takes from each source what its count grows by, from where its walk stands', () => {
  fc.assert(
    fc.property(anyRun, fc.nat(), (run, at) => {
      const { mixing, stepsPerEpoch } = preparePlan(run);
      const step = at % stepsPerEpoch;
      const [before, after] = [step, step + 1].map((k) => countsBefore(mixing, k * run.global_batch));
      const slots = Array.from({ length: run.global_batch }, (_, slot) => composeExact(run, 3, step)(slot));
      for (const [source, { count }] of run.sources.entries()) {
        const taken = slots.filter((slot) => slot.source === source).sort((a, b) => a.position - b.position);
        assert.deepEqual(
          taken.map(({ position }) => position),
          Array.from({ length: after![source]! - before![source]! }, (_, i) => before![source]! + i),
        );
        for (const { position, pass, index } of taken) {
          assert.equal(pass, Math.floor(position / count));
          assert.ok(index >= 0 && index < count);
        }
      }
    }),
    { numRuns: 50 },
  );
});
