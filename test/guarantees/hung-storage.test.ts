import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { stringify } from 'yaml';
import { startServer, temporaryFolder, tributary } from '../fleet.js';
import { all, loaderOn } from './epoch.js';

const run = { recipe: 'dinov3', image_size: 32, global_batch: 4, epochs: 100 };
const names = Array.from({ length: 16 }, (_, number) => `${number}.jpg`);

test('a storage that hangs keeps no other source waiting for long', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'near'));
  const file = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#468' } })
    .jpeg()
    .toBuffer();
  for (const name of names) await writeFile(join(folder, 'near', name), file);
  let isHung = false;
  const hung = new Set<string>();
  const web = createServer(async ({ method, url }, answer) => {
    const path = join(folder, 'near', url!);
    if (url === '/' && method === 'GET')
      return answer
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify(names.map((name) => ({ name, type: 'file', size: file.length }))));
    if (isHung) return void hung.add(url!);
    const bytes = await readFile(path).catch(() => null);
    if (bytes === null) return answer.writeHead(404).end();
    const range = { 'content-range': `bytes 0-${bytes.length - 1}/${bytes.length}`, etag: '"1"' };
    answer.writeHead(method === 'GET' ? 206 : 200, { 'content-length': bytes.length, ...range });
    answer.end(method === 'GET' ? bytes : undefined);
  }).listen(0, '127.0.0.1');
  await once(web, 'listening');
  t.after(() => web.close().closeAllConnections());
  const config = join(folder, 'tributary.yaml');
  const far = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  const runs = { near: { ...run, sources: ['near'] }, far: { ...run, sources: ['far'] } };
  await writeFile(config, stringify({ sources: { near: './near', far }, runs }));
  const indexed = await tributary(['index', '--config', config]);
  assert.equal(indexed.code, 0, indexed.stderr);
  const args = ['--config', config, '--workers', '1', '--metrics-listen', '127.0.0.1:0'];
  const replica = await startServer(t, 'serve', args);
  const ready = async (): Promise<number> => (await fetch(`http://127.0.0.1:${replica.metricsPort}/readyz`)).status;

  isHung = true;
  const waiting = await loaderOn(t, [replica], 'far');
  const never = all(waiting.batches(0)).catch(() => {});
  // Both tasks of the one thread wait for their files.
  while (hung.size < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  const start = performance.now();
  const loader = await loaderOn(t, [replica], 'near');
  for (let epoch = 0; epoch < 10; epoch++) assert.equal((await all(loader.batches(epoch))).length, 4);
  const seconds = (performance.now() - start) / 1000;
  assert.ok(seconds < 12, `ten epochs of another source took ${seconds} s`);
  assert.equal(await ready(), 200);
  waiting.close();
  await never;
});
