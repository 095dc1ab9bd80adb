import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { indexSource } from '../../../../src/sources/index-source.js';
import { readSample } from '../../../../src/sources/storage/read-sample.js';
import type { SourceStorage } from '../../../../src/sources/storage/storage.js';
import { below } from '../../../../src/sources/storage/storages.js';
import { tarOf, temporaryFolder } from '../../tree.js';
import type { Tried } from '../conformance.js';
import type { FailingProxy } from './failing-proxy.js';

/** A storage behind a proxy that can fail, which waits 300 ms for a byte and 1 ms between attempts. */
export interface TriedBehindProxy extends Tried {
  readonly proxy: FailingProxy;
  /** What the store says when it is asked too much. */
  readonly slowDown: string;
}

const content = Buffer.from(Array.from({ length: 400 }, (_, i) => (i * 7919) & 255));

/** What every store of objects must do where it, or the way to it, fails: call it in the store's test. */
export function faultTests(name: string, start: (context: TestContext) => Promise<TriedBehindProxy>): void {
  const read = (storage: SourceStorage, root: string, more = {}) =>
    readSample(
      { path: below(root, 'x.bin'), root, offset: null, length: content.length, ...more },
      { storage, retries: 0 },
    );

  test(`${name}: a body that is cut, short or stops, at any byte, is asked for again and is right`, async (context) => {
    const { storage, root, put, proxy } = await start(context);
    await put('x.bin', content);
    for (const kind of ['cut', 'short'] as const)
      for (let bytes = 0; bytes < content.length; bytes += 8) {
        let left = 2;
        proxy.fail = ({ range }) => (range !== undefined && left-- > 0 ? { kind, bytes } : null);
        assert.deepEqual(await read(storage, root), content, `${kind} at ${bytes}`);
        assert.ok(left < 0);
      }
    let left = 1;
    proxy.fail = () => (left-- > 0 ? { kind: 'stop', bytes: 100 } : null);
    assert.deepEqual(await read(storage, root), content);
  });

  test(`${name}: a storm of 503 and a store that hangs are waited for, and told when they last`, async (context) => {
    const { storage, root, put, proxy, slowDown } = await start(context);
    await put('x.bin', content);
    let left = 5;
    proxy.fail = () => (left-- > 0 ? { kind: 'status', status: 503, text: slowDown } : null);
    assert.deepEqual(await read(storage, root), content);
    left = 1;
    proxy.fail = () => (left-- > 0 ? { kind: 'hang' } : null);
    assert.deepEqual(await read(storage, root), content);
    const before = proxy.requests;
    proxy.fail = () => ({ kind: 'status', status: 503, text: slowDown });
    await assert.rejects(read(storage, root), { reason: 'STORAGE_UNAVAILABLE', message: /in 8 attempts/ });
    assert.equal(proxy.requests - before, 8);
    proxy.fail = () => ({ kind: 'hang' });
    await assert.rejects(read(storage, root), {
      reason: 'STORAGE_UNAVAILABLE',
      metadata: { cause: 'HUNG', path: below(root, 'x.bin') },
    });
  });

  test(`${name}: an object that is replaced is never read in part, nor taken for the one that was indexed`, async (context) => {
    const { storage, root, put } = await start(context);
    await put('x.bin', Buffer.alloc(3 * 2 ** 20, 1));
    const old = (await storage.stat(below(root, 'x.bin')))!.version;
    const file = await storage.open(below(root, 'x.bin'), { first: { offset: 0, length: 10 } });
    await put('x.bin', Buffer.alloc(3 * 2 ** 20, 2));
    assert.equal(await file.read(Buffer.alloc(10), 0), 10);
    if (old === '0') return;
    await assert.rejects(async () => file.read(Buffer.alloc(10), 2 ** 21), { code: 'CHANGED' });
    const error = { reason: 'STORAGE_UNAVAILABLE', message: /replaced.*Put the object back/ };
    await assert.rejects(read(storage, root, { offset: 5, version: old }), error);
    const { version } = (await storage.stat(below(root, 'x.bin')))!;
    assert.deepEqual(await read(storage, root, { offset: 5, version }), Buffer.alloc(content.length, 2));
  });

  test(`${name}: what is not allowed is told at once, and is nobody's corrupt sample`, async (context) => {
    const { storage, root, put, proxy } = await start(context);
    await put('x.bin', content);
    const before = proxy.requests;
    const denied = '<Error><Code>AccessDenied</Code></Error>';
    proxy.fail = () => ({ kind: 'status', status: 403, text: denied });
    await assert.rejects(read(storage, root), {
      reason: 'STORAGE_UNAVAILABLE',
      message: /not allowed.*403|AccessDenied/,
    });
    assert.equal(proxy.requests - before, 1);
  });

  test(`${name}: a source is indexed through faults as it is without them`, async (context) => {
    const { root, put, proxy, slowDown } = await start(context);
    for (const shard of ['0', '1'])
      await put(
        `shards/${shard}.tar`,
        await tarOf(Array.from({ length: 9 }, (_, i) => [`${shard}${i}.jpg`, Buffer.alloc(1000 + i, i)])),
      );
    const indexFolder = await temporaryFolder(context);
    const options = { name: 's', path: root, split: 'train' as const, indexFolder };
    const { manifest } = await indexSource(options);
    assert.equal(manifest.count, 18);
    let request = 0;
    proxy.fail = () => (request++ % 2 === 0 ? { kind: 'status', status: 503, text: slowDown } : null);
    const again = await indexSource({ ...options, indexFolder: await temporaryFolder(context) });
    assert.equal(again.manifest.fingerprint, manifest.fingerprint);
    assert.equal(again.manifest.layout, 'webdataset');
  });
}
