import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { unpack, unpackBlock, unpackWhole } from '../../../src/sources/storage/unpack.js';

/** "abcd" as it is, eight bytes from four back, one of them across itself, "xyz" with a length of its own byte. */
const block = Buffer.from([
  3 << 2,
  ...Buffer.from('abcd'),
  1 | (4 << 2),
  4,
  (3 << 2) | 2,
  1,
  0,
  60 << 2,
  2,
  ...Buffer.from('xyz'),
]);
const said = 'abcdabcdabcddddd'.concat('xyz');

test('a block of snappy is unpacked up to any byte, and says where the packed bytes for it end', () => {
  for (let length = 0; length <= said.length; length++) {
    const out = Buffer.alloc(length + 5, '.');
    const end = unpackBlock(block, 0, out, 5, length);
    assert.equal(out.toString(), `.....${said.slice(0, length)}`);
    const again = Buffer.alloc(length);
    assert.equal(unpackBlock(block.subarray(0, end), 0, again, 0, length), end);
    assert.equal(again.toString(), said.slice(0, length));
  }
});

test('what is no block of snappy is refused, whatever it is', () => {
  const out = Buffer.alloc(100);
  assert.throws(() => unpackBlock(block, 0, out, 0, said.length + 1), /the end of the packed bytes/);
  assert.throws(() => unpackBlock(block.subarray(0, 3), 0, out, 0, 4), /the end of the packed bytes/);
  assert.throws(() => unpackBlock(Buffer.from([0, 65, 2, 2, 0]), 0, out, 0, 3), /a copy from before its block/);
  assert.throws(() => unpackBlock(Buffer.from([0, 65, 2, 0, 0]), 0, out, 0, 3), /a copy from before its block/);
  for (let seed = 1; seed < 2000; seed++) {
    const bytes = Buffer.from(Array.from({ length: 60 }, (_, i) => (seed * 2654435761 * (i + 1)) >>> 13));
    try {
      assert.ok(unpackBlock(bytes, 0, out, 0, 100) <= bytes.length);
    } catch (error) {
      assert.match((error as Error).message, /packed bytes|its block/);
    }
  }
});

test('samples of one stream unpack it once, until another is asked for or it cannot be read', async () => {
  const packed = gzipSync('one two three');
  let reads = 0;
  const read = async () => {
    reads++;
    return packed;
  };
  const part = (name: string, skipped: number, length: number) =>
    unpack({ packing: 'gzip', length: packed.length, skipped }, length, name, read);
  const parts = await Promise.all([part('a', 0, 3), part('a', 4, 3), part('a', 8, 5)]);
  assert.deepEqual(parts.map(String), ['one', 'two', 'three']);
  assert.equal(reads, 1);
  await assert.rejects(part('a', 8, 6), /13 bytes where 14 were to come/);
  assert.equal(String(await part('a', 0, 3)), 'one');
  assert.equal(reads, 2);
  await assert.rejects(unpackWhole('gzip', packed.subarray(1)));
  const snappy = { packing: 'snappy', length: block.length, skipped: 4 } as const;
  assert.equal(String(await unpack(snappy, 5, 'b', async () => block)), 'abcda');
});
