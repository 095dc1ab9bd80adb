import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tryAgain, usualPatience } from '../../../../src/sources/storage/objects/try-again.js';
import { StorageFault } from '../../../../src/sources/storage/storage.js';

const patience = { ...usualPatience, pauseMs: 1 };

async function triesOf(fault: unknown, patient = patience): Promise<number> {
  let tries = 0;
  const failing = async () => {
    tries++;
    throw fault;
  };
  await assert.rejects(tryAgain('x', failing, patient), fault as Error);
  return tries;
}

test('what time may mend is tried again, within bounds, and nothing else is', async () => {
  const fault = (mayPass: boolean, remedy?: string) => new StorageFault('x', 'X', mayPass, 'x', undefined, remedy);
  const passing = fault(true);
  assert.equal(await triesOf(passing), 8);
  assert.equal(passing.attempts, 8);
  assert.equal(await triesOf(fault(true), { ...patience, budgetMs: 0 }), 1);
  assert.equal(await triesOf(fault(true, 'Do something')), 1);
  assert.equal(await triesOf(fault(false)), 1);
  assert.equal(await triesOf(new Error('a mistake')), 1);
});

test('an attempt in which nothing comes is given up, and one in which something does is not', async () => {
  const stalled = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
  await assert.rejects(tryAgain('x', stalled, { ...patience, attempts: 2, stallMs: 20 }), {
    code: 'HUNG',
    attempts: 2,
  });
  const steps = async (_: AbortSignal, onProgress: () => void) => {
    for (let i = 0; i < 4; i++) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      onProgress();
    }
    return 'done';
  };
  assert.equal(await tryAgain('x', steps, { ...patience, attempts: 1, stallMs: 200 }), 'done');
});
