import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyBody, objectStorage, requestsAtOnce } from '../../../../src/sources/storage/objects/object-storage.js';
import type { ObjectStore, Range } from '../../../../src/sources/storage/objects/object-store.js';
import { fill } from '../../../../src/sources/storage/storage.js';

/** One object of zeros. */
function storeOf(size: number, onGet: (range: Range) => Promise<void> | void): ObjectStore {
  return {
    resolve: (given) => given,
    head: async () => ({ kind: 'file', size, version: 'v' }),
    isFolder: async () => false,
    list: async () => null,
    async get(_url, range) {
      await onGet(range);
      const length = Math.max(0, Math.min(range.length, size - range.offset));
      return {
        size,
        version: 'v',
        body: async (take) => take(Buffer.alloc(length)),
      };
    },
  };
}

test('what is read first comes with the opening, and what is read on comes by the megabyte', async () => {
  const ranges: Range[] = [];
  const storage = objectStorage(storeOf(5_000_000, (range) => void ranges.push(range)));
  const sample = await storage.open('x/a', { first: { offset: 100, length: 7 } });
  await fill(sample, Buffer.alloc(7), 100);
  assert.deepEqual(ranges.splice(0), [{ offset: 100, length: 7 }]);
  const shard = await storage.open('x/a');
  for (let at = 0; at < 3_000_000; at += 100_000) await fill(shard, Buffer.alloc(4096), at);
  assert.equal(ranges.length, 3);
});

test('so many requests are under way at a time, and no more', async () => {
  let running = 0;
  let most = 0;
  const storage = objectStorage(
    storeOf(10, async () => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
    }),
  );
  await Promise.all(Array.from({ length: 3 * requestsAtOnce }, (_, i) => storage.open(`x/${i}`)));
  assert.equal(most, requestsAtOnce);
});

test('an object that has no version to rely on any more is not the one that had', async () => {
  const storage = objectStorage(storeOf(10, () => {}));
  const first = { offset: 0, length: 4 };
  assert.equal((await storage.open('x/a', { first, version: 'v' })).size, 10);
  await assert.rejects(storage.open('x/a', { first, version: 'before' }), { code: 'CHANGED' });
  const young = objectStorage({
    ...storeOf(10, () => {}),
    get: async () => ({ size: 10, version: '0', body: emptyBody }),
  });
  await assert.rejects(young.open('x/a', { first, version: 'v' }), { code: 'CHANGED' });
});

test('what a store lists under names that lead elsewhere is not there', async () => {
  const entries = ['a.jpg', '', '.', '..', '../b.jpg'].map((name) => ({ name, kind: 'file' as const, size: 1 }));
  const storage = objectStorage({ ...storeOf(10, () => {}), list: async () => ({ entries, after: null }) });
  for await (const page of storage.list('x'))
    assert.deepEqual(
      page.map(({ name }) => name),
      ['a.jpg'],
    );
});

test('a file outside of the folders that it must lie in is not opened', async () => {
  const storage = objectStorage(storeOf(10, () => assert.fail('asked')));
  await assert.rejects(storage.open('x/ab/c', { within: ['x/a'] }), { code: 'OUTSIDE_ROOT', mayPass: false });
});
