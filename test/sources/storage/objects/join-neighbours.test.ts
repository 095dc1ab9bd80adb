import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FetchRange, joinNeighbours } from '../../../../src/sources/storage/objects/join-neighbours.js';

const object = Buffer.from(Array.from({ length: 10_000_000 }, (_, i) => (i * 7919) & 255));

function joined() {
  const requests: string[] = [];
  const fetch: FetchRange = async (url, { offset, length }, version) => {
    requests.push(`${url} ${version} ${offset}+${length}`);
    if (url === 'away') throw new Error('away');
    return { offset, bytes: object.subarray(offset, offset + length), size: object.length, version: 'v' };
  };
  return { requests, read: joinNeighbours(fetch) };
}

test('neighbours that are asked for at once come with one request, each with its own bytes', async () => {
  const { requests, read } = joined();
  const offsets = [30_000, 0, 10_500, 9_000_000, 9_999_990];
  const found = await Promise.all(offsets.map((offset) => read('a', { offset, length: 10_000 }, 'v')));
  assert.deepEqual(requests, ['a v 0+40000', 'a v 9000000+10000', 'a v 9999990+10000']);
  for (const [i, { offset, bytes }] of found.entries()) {
    assert.equal(offset, offsets[i]);
    assert.deepEqual(bytes, object.subarray(offset, offset + 10_000));
  }
});

test('what is of other objects or versions, asked for later, or too much in all is not joined', async () => {
  const { requests, read } = joined();
  const range = { offset: 0, length: 10 };
  await Promise.all([read('a', range, 'v'), read('b', range, 'v'), read('a', range, 'w')]);
  await read('a', range, 'v');
  assert.equal(requests.splice(0).length, 4);
  await Promise.all([0, 1, 2, 3].map((i) => read('a', { offset: i * 2_000_000, length: 2_000_000 }, 'v')));
  assert.equal(requests.length, 2);
});

test('a request that fails fails for all', async () => {
  const { read } = joined();
  const asked = [0, 10].map((offset) => read('away', { offset, length: 10 }, 'v'));
  for (const answer of asked) await assert.rejects(answer, /away/);
});
