import assert from 'node:assert/strict';
import { copyFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turned } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { whenHere } from '../../../src/sources/manifest/away.js';
import { loadManifest } from '../../../src/sources/manifest/manifest-file.js';
import { keptPageBytes } from '../../../src/sources/manifest/page-reader.js';
import { allPages } from '../../../src/sources/manifest/pages.js';
import { rowsPerBatch } from '../../../src/sources/manifest/rows.js';
import { noNginx, startNginx } from '../storage/http/nginx.js';
import { failingProxy } from '../storage/objects/failing-proxy.js';
import { writtenManifest } from './written-manifest.js';

test('a manifest in a store', { skip: noNginx }, async (context) => {
  const { host, folder } = await startNginx(context);
  const proxy = await failingProxy(context, Number(new URL(host).port));
  const url = `http://127.0.0.1:${proxy.port}/plain/m.arrow`;
  /** Puts a manifest there. @param minutes how old it is: old enough for its ETag to be relied on. */
  const put = async (path: string, minutes = 1): Promise<void> => {
    const [copy, then] = [join(folder, 'm.arrow'), new Date(Date.UTC(2020, 0, 1) + 60_000 * minutes)];
    await copyFile(path, copy);
    await utimes(copy, then, then);
  };
  const count = 40 * rowsPerBatch + 3;
  const path = await writtenManifest(context, count, 1024);
  const local = await loadManifest(path);

  await context.test('is read by blocks, when they are asked for, and says what the local one says', async () => {
    await put(path);
    let bytes = 0;
    proxy.fail = ({ range }) => {
      const [, first, last] = /(\d+)-(\d+)/.exec(range ?? '') ?? [];
      if (first !== undefined) bytes += Number(last) - Number(first) + 1;
      return null;
    };
    const manifest = await loadManifest(url);
    assert.deepEqual(manifest.details, local.details);
    assert.throws(() => manifest.key(5000), { name: 'Away' });
    const index = await whenHere(() => manifest.find(local.key(5000)));
    assert.deepEqual([index, manifest.key(5000), manifest.size(5000)], [5000, local.key(5000), 5000]);
    assert.ok(bytes < 2_000_000, `${bytes} bytes`);
    assert.throws(() => manifest.key(0), { name: 'Away' });

    const before = proxy.requests;
    let next = 0;
    for await (const { sizes } of allPages(manifest.pages, count)) for (const size of sizes) assert.equal(size, next++);
    assert.equal(next, count);
    // 160 blocks, of which ever more come ahead of who reads them.
    assert.ok(proxy.requests - before < 20, `${proxy.requests - before} requests`);
    for (let i = 0; i < count; i += 100) assert.deepEqual(manifest.location(i), local.location(i));
  });

  await context.test('comes to many by one request', async () => {
    const manifest = await loadManifest(url);
    await whenHere(() => manifest.key(0));
    const before = proxy.requests;
    const size = (index: number): Promise<number> => whenHere(() => manifest.size(index));
    const others: Promise<number>[] = [];
    proxy.fail = () => {
      others.push(size(5000));
      return null;
    };
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => size(5000 + i)));
    assert.deepEqual(all.slice(0, 2), [5000, 5001]);
    proxy.fail = () => null;
    assert.deepEqual(new Set(await Promise.all(others)), new Set([5000]));
    assert.equal(proxy.requests - before, 1);
  });

  await context.test('costs time alone while the store is away', async () => {
    const manifest = await loadManifest(url);
    let faults = 0;
    proxy.fail = () => {
      faults++;
      if (faults === 1) return { kind: 'status', status: 503, text: 'not now' };
      if (faults === 2) return { kind: 'cut', bytes: 1000 };
      return faults === 3 ? { kind: 'short', bytes: 1000 } : null;
    };
    assert.equal(await whenHere(() => manifest.size(3000)), 3000);
    assert.ok(faults > 3);
    proxy.fail = () => ({ kind: 'status', status: 403, text: 'no' });
    await assert.rejects(
      whenHere(() => manifest.size(9000)),
      { reason: 'STORAGE_UNAVAILABLE', message: /403/ },
    );
    proxy.fail = () => null;
    assert.equal(await whenHere(() => manifest.size(9000)), 9000);
  });

  await context.test(
    'is refused by name once another lies there, of whatever size, and goes on where it is put back',
    async () => {
      const manifest = await loadManifest(url);
      assert.equal(await whenHere(() => manifest.size(0)), 0);
      for (const other of [path, await writtenManifest(context, count, 512)]) {
        await put(other, 2);
        await assert.rejects(
          whenHere(() => manifest.size(5000)),
          { reason: 'MANIFEST_INVALID', message: /m\.arrow.*as it was when this process opened it/ },
        );
      }
      assert.equal(manifest.size(0), 0);
      await put(path);
      assert.equal(await whenHere(() => manifest.size(5000)), 5000);
    },
  );

  await context.test('is refused where nothing can be relied on', async () => {
    await assert.rejects(loadManifest(`${url}.not`), { reason: 'NOT_INDEXED', message: /--out/ });
    await put(fileURLToPath(new URL('../../../../test/sources/manifest/whole.arrow', import.meta.url)));
    await assert.rejects(loadManifest(url), { reason: 'MANIFEST_INVALID', message: /without pages/ });
    await writeFile(join(folder, 'm.arrow'), 'no manifest');
    await assert.rejects(loadManifest(url), { reason: 'MANIFEST_INVALID', message: /none to rely on/ });
  });

  await context.test('takes no more memory than a local one', async () => {
    const [many, length] = [44 * rowsPerBatch, 8192];
    assert.ok(many * length > 1.3 * keptPageBytes);
    await put(await writtenManifest(context, many, length), 3);
    const manifest = await loadManifest(url.replace(`:${proxy.port}`, `:${new URL(host).port}`));
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    // What a collection has found is given back while the next one runs.
    const collect = async (): Promise<void> => {
      for (let times = 0; times < 3; times++) {
        gc();
        await turned();
      }
    };
    await collect();
    const before = process.memoryUsage().external;
    for (let i = 0; i < many; i += rowsPerBatch) assert.equal(Number(await whenHere(() => manifest.key(i))), i);
    await collect();
    const held = process.memoryUsage().external - before;
    assert.ok(held < 1.2 * keptPageBytes, `${held} bytes held`);
  });
});
