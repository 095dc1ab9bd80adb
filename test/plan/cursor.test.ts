import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TributaryError } from '../../src/errors.js';
import { checkCursor, formatCursor, nextCursor, parseCursor } from '../../src/plan/cursor.js';
import { planStep } from '../../src/plan/plan.js';
import { preparePlan } from '../../src/plan/prepare.js';
import { virtualRun } from './input.js';

const fingerprint = '0123456789abcdef'.repeat(4);

test('a cursor is text that a person can read', () => {
  assert.equal(formatCursor({ fingerprint, epoch: 3, step: 120 }), 'v1.0123456789abcdef.e3.s120');
});

test('what is written is read again', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (epoch, step) => {
      const cursor = { fingerprint: fingerprint.slice(0, 16), epoch, step };
      assert.deepEqual(parseCursor(formatCursor(cursor)), cursor);
    }),
  );
});

test('anything else is refused', () => {
  const texts = [
    '',
    'v2.0123456789abcdef.e3.s120',
    'v1.0123456789abcde.e3.s120',
    'v1.0123456789ABCDEF.e3.s120',
    'v1.0123456789abcdef.e-1.s0',
    'v1.0123456789abcdef.e03.s0',
    'v1.0123456789abcdef.e3.s1.5',
    'v1.0123456789abcdef.e3',
    'v1.0123456789abcdef.e3.s120 ',
    'v1.0123456789abcdef.e3.s120\n',
    'v1.0123456789abcdef.e9007199254740992.s0',
    'v1.0123456789abcdef.e3.s99999999999999999999',
    'x'.repeat(100_000),
  ];
  for (const text of texts) {
    assert.throws(
      () => parseCursor(text),
      (error) => error instanceof TributaryError && error.reason === 'CURSOR_INVALID' && error.message.length < 300,
      text,
    );
  }
});

test('a cursor of another run is refused with both fingerprints', () => {
  const cursor = parseCursor('v1.fedcba9876543210.e0.s0');
  assert.throws(
    () => checkCursor(cursor, fingerprint),
    (error) =>
      error instanceof TributaryError &&
      error.reason === 'FINGERPRINT_MISMATCH' &&
      error.message.includes('0123456789abcdef') &&
      error.message.includes('fedcba9876543210'),
  );
  checkCursor(parseCursor('v1.0123456789abcdef.e0.s0'), fingerprint);
});

test('the last step is followed by the next epoch', () => {
  assert.deepEqual(nextCursor(0, 0, 3), { epoch: 0, step: 1 });
  assert.deepEqual(nextCursor(0, 2, 3), { epoch: 1, step: 0 });
  assert.deepEqual(nextCursor(7, 0, 1), { epoch: 8, step: 0 });
});

test('from the cursor of every step, the tail over three epochs is that of the undisturbed run', () => {
  const run = virtualRun([30, 11], { global_batch: 8 });
  const steps = preparePlan(run).stepsPerEpoch;
  const stream = (cursor: string) => {
    const samples = [];
    let { epoch, step } = parseCursor(cursor);
    while (epoch < 3) {
      samples.push(...planStep(run, epoch, step));
      ({ epoch, step } = nextCursor(epoch, step, steps));
    }
    return samples;
  };
  const whole = stream(formatCursor({ fingerprint, epoch: 0, step: 0 }));
  assert.equal(whole.length, 3 * steps * 8);
  for (let at = 0; at < 3 * steps; at++) {
    const cursor = formatCursor({ fingerprint, epoch: Math.floor(at / steps), step: at % steps });
    assert.deepEqual(stream(cursor), whole.slice(8 * at));
  }
});
