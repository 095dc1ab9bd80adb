import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { decodeCrop } from '../../src/decode/decode-crop.js';
import { defaultLimits } from '../../src/run/limits.js';

const box = { top: 1, left: 2, width: 20, height: 10 };
const here = fileURLToPath(import.meta.url);

if (isMainThread) {
  test('threads that begin to decode never keep others from it', { timeout: 60_000 }, async () => {
    const file = await sharp({ create: { width: 64, height: 48, channels: 3, background: '#468' } })
      // A format that goes through libvips, and so back to the event loop.
      .webp()
      .toBuffer();
    const decoders = [new Worker(here, { workerData: file }), new Worker(here, { workerData: file })];
    await Promise.all(decoders.map((decoder) => once(decoder, 'message')));
    // Each loads the decoder and ends.
    for (let i = 0; i < 40; i++) await once(new Worker(here, { workerData: null }), 'exit');
    const ending = decoders.map((decoder) => once(decoder, 'message'));
    for (const decoder of decoders) decoder.postMessage('stop');
    const answers = await Promise.all(ending);
    assert.deepEqual(answers.flat(2), []);
  });

  test('what is not on the allow-list is blocked', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    await assert.rejects(sharp(svg).raw().toBuffer(), /blocked|unsupported/);
  });
} else if (workerData !== null) {
  let isStopped = false;
  parentPort!.once('message', () => {
    isStopped = true;
  });
  const failures: string[] = [];
  const lane = async () => {
    while (!isStopped)
      await decodeCrop(workerData as Uint8Array, box, defaultLimits).catch((error) => failures.push(error.message));
  };
  parentPort!.postMessage('decoding');
  await Promise.all([lane(), lane()]);
  parentPort!.postMessage(failures.slice(0, 3));
}
