import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { Reply, Request, Start } from '../../../src/augment/gpu/device-worker.js';
import { difference, numbers, partsOf, randomImages } from '../cases.js';
import { reference } from '../step-reference.js';

test('the thread opens, works on shared pixels, and tells a failure by its number', async (t) => {
  const workerData: Start = { mode: 'cpu', crops: false };
  const thread = new Worker(new URL('../../../src/augment/gpu/device-worker.js', import.meta.url), { workerData });
  t.after(() => thread.terminate());
  const answer = async (request?: Request): Promise<Reply> => {
    const replied = once(thread, 'message');
    if (request) thread.postMessage(request);
    return (await replied)[0];
  };
  assert.deepEqual(await answer(), { kind: 'open', id: 0, description: 'cpu (generic)', tracks: 1 });
  const size = 9;
  const lists = [[{ op: 'invert' }, { op: 'grayscale' }] as const];
  const images = randomImages(1, size, numbers(1));
  const pixels = new Uint8Array(new SharedArrayBuffer(images.length));
  pixels.set(images);
  const request: Request = { kind: 'apply', id: 1, pixels, size, parts: partsOf(lists), lent: [], crops: [] };
  assert.deepEqual(await answer(request), { kind: 'done', id: 1 });
  assert.equal(difference(pixels, reference(images, size, lists), size), undefined);
  const failed = await answer({ ...request, id: 2, parts: partsOf([[{ op: 'equalize' }]]) });
  assert.deepEqual([failed.kind, failed.id], ['failed', 2]);
  assert.deepEqual(await answer({ kind: 'close', id: 3 }), { kind: 'done', id: 3 });
});
