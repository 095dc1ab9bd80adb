import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { literalAt, unpack, unpackBlock, unpackWhole } from '../../../src/sources/storage/unpack.js';

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

/** Blocks of snappy of literals and copies at random, and what they hold: as an encoder may write them, block by block. */
function randomBlocks(blocks: number, size: number, random: () => number): { packed: Buffer; held: Buffer } {
  const packed: number[] = [];
  const held: number[] = [];
  for (let block = 0; block < blocks; block++)
    for (let start = held.length; held.length < start + size; ) {
      const left = start + size - held.length;
      const back = 1 + (random() % 300);
      if (random() % 4 > 0 || back > held.length - start || left < 4) {
        const count = Math.min(left, 1 + (random() % 120));
        const bytes = Array.from({ length: count }, () => random() & 255);
        packed.push(...(count <= 60 ? [(count - 1) << 2] : [60 << 2, count - 1]), ...bytes);
        held.push(...bytes);
      } else {
        const count = Math.min(left, 4 + (random() % 60));
        packed.push(((count - 1) << 2) | 2, back & 255, back >> 8);
        for (let i = 0; i < count; i++) held.push(held[held.length - back]!);
      }
    }
  return { packed: Buffer.from(packed), held: Buffer.from(held) };
}

test('what lies as it is in a block of snappy is found, and read from there on as from the start of the block', async () => {
  let seed = 1;
  const random = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
    return seed >>> 8;
  };
  const size = 1000;
  let [found, refused] = [0, 0];
  for (let round = 0; round < 400; round++) {
    const { packed, held } = randomBlocks(2, size, random);
    const second = unpackBlock(packed, 0, Buffer.alloc(size), 0, size);
    const position = random() % size;
    const length = 1 + (random() % size);
    const literal = literalAt(packed, 0, position, Math.min(size, position + length));
    const wanted = held.subarray(position, position + length);
    if (literal === null) {
      refused++;
      continue;
    }
    found++;
    assert.deepEqual(
      packed.subarray(literal.at, literal.at + literal.length),
      held.subarray(position, position + literal.length),
    );
    if (literal.length >= length) continue;
    const isInFirst = position + length <= size;
    const out = Buffer.alloc(size);
    const end = isInFirst
      ? unpackBlock(packed, 0, out, 0, position + length)
      : unpackBlock(packed, second, out, 0, position + length - size);
    const place = { packing: 'literal', length: end - literal.at, skipped: literal.length } as const;
    const read = async () => packed.subarray(literal.at, end);
    assert.deepEqual(await unpack(place, length, 'x', read), wanted);
    await assert.rejects(unpack(place, length, 'x', async () => packed.subarray(literal.at, end - 1)));
  }
  assert.ok(found > 100 && refused > 100, `${found} found, ${refused} refused`);
});

test('a byte that is copied, or that something after it goes back before, is no beginning', () => {
  // As above: "abcd", a copy of eight, a copy of four, "xyz".
  assert.deepEqual(literalAt(block, 0, 0, said.length), { at: 1, length: 4 });
  assert.equal(literalAt(block, 0, 2, said.length), null);
  assert.deepEqual(literalAt(block, 0, 2, 4), { at: 3, length: 2 });
  assert.equal(literalAt(block, 0, 5, 6), null);
  assert.deepEqual(literalAt(block, 0, said.length - 2, said.length), { at: block.length - 2, length: 2 });
});
