import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilAborted } from '../../../src/sources/storage/until-aborted.js';

test("whichever comes first counts, and what fails later is nobody's", async () => {
  const call = new AbortController();
  assert.equal(await untilAborted(Promise.resolve(1), call.signal), 1);
  await assert.rejects(untilAborted(Promise.reject(new Error('failed')), call.signal), /failed/);
  const { promise, reject } = late();
  const waiting = untilAborted(promise, call.signal);
  call.abort(new Error('gone'));
  await assert.rejects(waiting, /gone/);
  await assert.rejects(untilAborted(promise, call.signal), /gone/);
  // Unhandled, this would end the process.
  reject(new Error('late'));
  await new Promise(setImmediate);
});

function late(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<never>((_, no) => {
    reject = no;
  });
  return { promise, reject };
}
