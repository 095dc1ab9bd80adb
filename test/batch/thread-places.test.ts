import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BatchMaker } from '../../src/batch/batch-maker.js';
import { FairQueue } from '../../src/batch/fair-queue.js';
import { partOfPlace } from '../../src/batch/thread-places.js';
import { WorkerPool } from '../../src/batch/worker-pool.js';
import type { Manifest } from '../../src/sources/manifest/manifest.js';
import type { Location } from '../../src/sources/storage/storage.js';
import { smallRun } from './small-run.js';

const samples = 48;
const form = { type: 'UINT8', axes: 'NHWC' } as const;
const address = { epoch: 0, step: 0, rank: 0, worldSize: 1 };

test('a task takes a place where its storage is near, and of a far one as much as its files', () => {
  const at = (root: string, length: number, packed?: Location['packed']): Location => {
    return { path: `${root}/a.jpg`, root, offset: null, length, ...(packed && { packed }) };
  };
  const part = (...locations: Location[]): number => {
    const manifests = locations.map((location) => ({ location: () => location }) as unknown as Manifest);
    return partOfPlace(
      manifests,
      manifests.map((_, source) => ({ source, index: 0 })),
    );
  };
  const [near, far] = ['/data', 'https://example.org/data'];
  assert.equal(part(at(near, 1000)), 1);
  assert.equal(part(...Array(4).fill(at(far, 1000))), 1 / 16);
  assert.equal(part(at(near, 1 << 20), at(far, 1 << 20)), 1 / 2);
  assert.equal(part(at(far, 1000, { packing: 'zstd', length: 1 << 20, skipped: 0 })), 1 / 4);
  assert.equal(part(at(far, 100 << 20)), 1);
});

/** A web server of images that holds back what is asked for: `release` answers what waits, and what comes after. */
async function holdingServer(t: TestContext) {
  const image = await readFile(fileURLToPath(new URL('../../../test/vectors/images/shapes.jpg', import.meta.url)));
  const list = Array.from({ length: samples }, (_, i) => `${image.length} ${i}.jpg`).join('\n');
  const waiting: ServerResponse[] = [];
  const held = { asked: 0, most: Number.POSITIVE_INFINITY };
  const release = (): void => {
    for (const answer of waiting.splice(0)) answer.end(image);
  };
  const server = createServer((request, answer) => {
    if (request.url === '/files.txt') return void answer.end(list);
    if (!request.url!.endsWith('.jpg') || request.method !== 'GET') return void answer.writeHead(404).end();
    const range = `bytes 0-${image.length - 1}/${image.length}`;
    answer.writeHead(206, { 'content-range': range, 'content-length': image.length, etag: '"1"' });
    waiting.push(answer);
    held.asked++;
    server.emit('asked');
    if (waiting.length >= held.most) release();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return { server, held, release, url: `http://127.0.0.1:${port}` };
}

/** Makes batches of all samples of a source in one worker thread. */
async function makerOf(t: TestContext, url: string) {
  const open = await smallRun(t, { global_batch: samples }, url);
  let made = 0;
  const pool = new WorkerPool(1, () => {
    made++;
  });
  t.after(() => pool.close());
  const queue = new FairQueue(pool.concurrency);
  const maker = new BatchMaker({ pool, queue, allotment: null, onSample: () => {} }, 64 << 20);
  const take = (signal: AbortSignal) => maker.take({ open, address, form }, queue.flow(), signal);
  return { take, queue, made: () => made };
}

test('a thread asks a far store for more than it has turns for', { timeout: 30_000 }, async (t) => {
  const { held, url } = await holdingServer(t);
  // Three times as many as two tasks of four samples.
  held.most = 24;
  const { take } = await makerOf(t, url);
  const { batch, give } = await take(new AbortController().signal);
  assert.equal(batch.samples.length, samples);
  give();
});

test('of a batch that nobody wants any more nothing else is made', { timeout: 30_000 }, async (t) => {
  const { server, held, release, url } = await holdingServer(t);
  const { take, queue, made } = await makerOf(t, url);
  const call = new AbortController();
  const taken = take(call.signal);
  while (held.asked < 8) await once(server, 'asked');
  call.abort(new Error('gone'));
  await assert.rejects(taken, /gone/);
  held.most = 1;
  release();
  while (queue.pending > 0) await new Promise(setImmediate);
  assert.equal(made(), 0);
});
