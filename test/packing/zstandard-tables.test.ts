import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  backwardBits,
  readBits,
  readCodes,
  readExtraBits,
  readHuffmanTable,
  readManyExtraBits,
  readStateTable,
  stateTable,
} from '../../src/packing/zstandard-tables.js';

test('bits are read from the end, and beyond the start as libzstd does', () => {
  const stream = backwardBits(Buffer.of(0xff, 0b1010_0110, 0b1101, 0xff), 1, 3);
  assert.equal(stream.left, 11);
  assert.deepEqual([readBits(stream, 3), readBits(stream, 4), readExtraBits(stream, 0)], [0b101, 0b1010, 0]);
  // Of 3 bits that ought to be 4 zeros follow; 64 bits before, there is the stream again.
  assert.equal(readExtraBits({ ...stream, left: 3 }, 4), 0b1100);
  assert.equal(readBits({ ...stream, left: -60 }, 4), 0b0110);
  const long = backwardBits(Buffer.of(0x78, 0x56, 0x34, 0x12, 1), 0, 5);
  assert.equal(readManyExtraBits(long, 28), 0x1234567);
  assert.throws(() => backwardBits(Buffer.of(1, 0), 0, 2), /damaged/);
  assert.throws(() => backwardBits(Buffer.of(1), 1, 1), /damaged/);
});

// RFC 8878, 3.1.1.3.2.2.3: the offsets' usual counts, and the same as they are written.
const usual = [...[1, 1, 1, 1, 1, 1, 2, 2, 2], ...Array<number>(15).fill(1), ...Array<number>(5).fill(-1)];
const written = Buffer.of(32, 132, 16, 66, 102, 70, 68, 68, 68, 68, 36, 73, 2, 0);

test('counts are read to the tables that they make, whose states follow each other', () => {
  const { table, end } = readStateTable(written, 0, written.length, 8, 31);
  assert.equal(end, written.length);
  assert.deepEqual(table, stateTable(usual, 5));
  // RFC 8878, appendix A.3: state, symbol, bits, base.
  for (const [state, symbol, bits, base] of [
    [0, 0, 5, 0],
    [1, 6, 4, 0],
    [6, 7, 4, 0],
    [9, 23, 5, 0],
    [31, 24, 5, 0],
  ] as const)
    assert.deepEqual([table.symbols[state], table.bits[state], table.next[state]], [symbol, bits, base]);
  assert.throws(() => readStateTable(written, 0, written.length, 4, 31), /damaged/, 'a wider table');
  assert.throws(() => readStateTable(written, 0, written.length, 8, 20), /damaged/, 'more codes');
  assert.throws(() => readStateTable(written, 0, 10, 8, 31), /damaged/, 'the end');
});

test('weights make codes, and those that take no bits have an end', () => {
  // Weights 2, 1 and by what is left 1: of codes 1, 01 and 00.
  const { table, end } = readHuffmanTable(Buffer.of(129, 0x21, 0xff), 0, 3);
  assert.equal(end, 2);
  const out = new Uint8Array(3);
  readCodes(Buffer.of(0b1_1_01_00), 0, 1, table, out);
  assert.deepEqual([...out], [0, 2, 1]);
  assert.throws(() => readCodes(Buffer.of(0b1_1_01_00), 0, 1, table, new Uint8Array(2)), /damaged/);
  readCodes(Buffer.of(0b1_1_01_00), 0, 1, table, new Uint8Array(2), true);
  for (const mayHaveMore of [false, true])
    assert.throws(() => readCodes(Buffer.of(0b1_1_01_00), 0, 1, table, new Uint8Array(4), mayHaveMore), /damaged/);
  for (const bytes of [[129, 0x22], [129, 0x0d], [128, 0], [200, 0x11], [129]])
    assert.throws(() => readHuffmanTable(Buffer.from(bytes), 0, bytes.length), /damaged/, bytes.join());
  // One symbol has all 32 states, so that none of them takes a bit.
  assert.throws(() => readHuffmanTable(Buffer.of(5, 0xf0, 0x03, 0, 0, 1), 0, 6), /damaged/);
});
