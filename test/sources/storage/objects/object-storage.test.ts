import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyBody, objectStorage, requestsAtOnce } from '../../../../src/sources/storage/objects/object-storage.js';
import type { ObjectStore, Range } from '../../../../src/sources/storage/objects/object-store.js';
import { usualPatience } from '../../../../src/sources/storage/objects/try-again.js';
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

test('bytes that came with the opening are of whoever asked for them alone, however often they were asked for', async () => {
  const storage = objectStorage(storeOf(500_000, () => {}));
  const first = { offset: 7, length: 100_000 };
  const ranges = [first, first, { offset: 100_007, length: 100_000 }];
  const files = await Promise.all(ranges.map((range) => storage.open('x/a', { first: range })));
  const alone = await storage.open('x/a', { first });
  const memories = [...files, alone].map((file) => {
    assert.equal(file.first!.length, 100_000);
    return file.first!.buffer;
  });
  assert.equal(new Set(memories).size, 4);
  // Nobody else's bytes go where one frees its own.
  for (const memory of memories) structuredClone(memory, { transfer: [memory as ArrayBuffer] });
  assert.equal((await storage.open('x/a', { first })).first!.length, 100_000);
});

test('a body is taken whole from whatever chunks it comes in, and one that is longer or shorter is not', async () => {
  const sent = Buffer.from(Array.from({ length: 1001 }, (_, i) => i & 255));
  const whole = sent.subarray(0, 1000);
  const chunked = (sizes: readonly number[]): ObjectStore => ({
    ...storeOf(1000, () => {}),
    get: async () => ({
      size: 1000,
      version: 'v',
      body: async (take) => {
        let at = 0;
        for (const size of sizes) {
          // Of memory of its own, and of memory that others are in.
          take(
            at % 2 === 0
              ? Buffer.from(Uint8Array.from(sent.subarray(at, at + size)).buffer)
              : sent.subarray(at, at + size),
          );
          at += size;
        }
      },
    }),
  });
  const patience = { ...usualPatience, attempts: 1 };
  const read = async (...sizes: number[]) =>
    (await objectStorage(chunked(sizes), patience).open('x/a', { first: { offset: 0, length: 1000 } })).first;
  for (const sizes of [[1000], [1, 999], [333, 333, 334], [0, 1000, 0], [1000, 0]])
    assert.deepEqual(await read(...sizes), whole, String(sizes));
  for (const sizes of [[], [999], [1000, 1], [1, 1000], [500, 501]])
    await assert.rejects(read(...sizes), { code: 'WRONG_LENGTH' }, String(sizes));
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
