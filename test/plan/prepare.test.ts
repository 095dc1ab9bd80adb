import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TributaryError } from '../../src/errors.js';
import type { PlanInput } from '../../src/plan/input.js';
import { preparePlan } from '../../src/plan/prepare.js';
import { virtualRun } from './input.js';

const refusal = (reason: string, text: RegExp) => (error: unknown) =>
  error instanceof TributaryError && error.reason === reason && text.test(error.message);

test('inputs that no plan can be made of are refused', () => {
  const refused = (changes: Partial<PlanInput>, counts: number[], reason: string, text: RegExp) =>
    assert.throws(() => preparePlan(virtualRun(counts, changes)), refusal(reason, text));
  refused({ global_batch: 31 }, [10, 20], 'KNOB_OUT_OF_RANGE', /at most the 30 samples/);
  refused({ global_batch: 0 }, [10], 'KNOB_OUT_OF_RANGE', /global batch/);
  refused({ sample_t: 1.5 }, [10], 'KNOB_OUT_OF_RANGE', /sample_t/);
  refused({ seed: -1 }, [10], 'KNOB_OUT_OF_RANGE', /seed/);
  refused({}, [10, 0], 'SOURCE_EMPTY', /source b/);
  refused({}, [], 'KNOB_OUT_OF_RANGE', /at least one source/);
  refused({ weights: { a: 1 } }, [10, 20], 'KNOB_OUT_OF_RANGE', /none for b/);
  for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    refused({ weights: { a: 1, b: weight } }, [10, 20], 'KNOB_OUT_OF_RANGE', /for b/);
  }
  refused({ weights: { a: 1, b: 1, c: 1 } }, [10, 20], 'UNKNOWN_SOURCE', /a weight for c/);
});
