import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { roomBytes, withRoom } from '../../src/decode/room.js';

const large = roomBytes * 0.6;

/** Something that goes on until it is told to end. */
function held(bytes: number): { ended: Promise<void>; end: () => void; begun: Promise<void> } {
  let end = () => {};
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const ended = withRoom(bytes, 60, () => {
    begin();
    return new Promise<void>((resolve) => {
      end = resolve;
    });
  });
  return { ended, begun, end: () => end() };
}

test('what is small goes ahead, and what is large waits for room, or until its time is up', async () => {
  const first = held(large);
  await first.begun;
  assert.equal(await withRoom(1000, 0, () => 'small'), 'small');
  await assert.rejects(
    withRoom(large, 0.05, () => 'large'),
    { reason: 'DECODE_TIMEOUT' },
  );
  const second = withRoom(large, 60, () => 'large');
  first.end();
  await first.ended;
  assert.equal(await second, 'large');
});

test('what needs more than there is has the room to itself, and room comes back after an error', async () => {
  await assert.rejects(
    withRoom(roomBytes * 9, 60, () => Promise.reject(new Error('damaged'))),
    /damaged/,
  );
  const whole = held(roomBytes * 9);
  await whole.begun;
  await assert.rejects(
    withRoom(large, 0.05, () => 'large'),
    { reason: 'DECODE_TIMEOUT' },
  );
  whole.end();
  await whole.ended;
});

test('threads have one room together', async () => {
  const module = new URL('../../src/decode/room.js', import.meta.url).href;
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.module).then(({ withRoom }) =>
      withRoom(workerData.large, 0.05, () => 'there was room').catch(({ reason }) => reason).then((said) => parentPort.postMessage(said)));`;
  const ask = () =>
    new Promise((resolve, reject) => {
      const worker = new Worker(code, { eval: true, workerData: { module, large } });
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  const here = held(large);
  await here.begun;
  assert.equal(await ask(), 'DECODE_TIMEOUT');
  here.end();
  await here.ended;
  assert.equal(await ask(), 'there was room');
});
