import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { type Coding, decodePiece as decode, reversedBits } from '../../src/decode/tiff-pieces.js';

const decodePiece = (bytes: Buffer, row: number, length: number, coding: Coding) =>
  decode(bytes, row, length, coding, () => {});

const plain = { predictor: 1, isReversed: false, isLittle: true, samples: 1, bits: 8, isFloat: false, width: 8 };
const lzw = { ...plain, compression: 5 };
const packBits = { ...plain, compression: 32773 };
const deflate = { ...plain, compression: 8 };

/** Codes of nine bits, high bits first. */
function nineBits(...codes: number[]): Buffer {
  const bits = codes.map((code) => code.toString(2).padStart(9, '0')).join('');
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g)!;
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}

test('LZW gives strings by their codes, and one that is just being made', async () => {
  assert.deepEqual(await decodePiece(nineBits(256, 7, 258, 8, 259, 257), 7, 7, lzw), Buffer.of(7, 7, 7, 8, 7, 7, 8));
  // A code that is not there, an end too early, and too few bytes.
  for (const codes of [
    [256, 7, 300],
    [256, 7, 257],
    [256, 7],
  ])
    assert.equal(await decodePiece(nineBits(...codes), 4, 4, lzw), null);
});

test('PackBits gives runs and literals, and takes nothing short', async () => {
  const bytes = Buffer.of(0xfe, 9, 0x80, 1, 4, 5);
  assert.deepEqual(await decodePiece(bytes, 5, 5, packBits), Buffer.of(9, 9, 9, 4, 5));
  assert.equal(await decodePiece(bytes, 6, 6, packBits), null);
  assert.equal(await decodePiece(bytes.subarray(0, 5), 5, 5, packBits), null);
});

test('differences are added up in samples of either order, and floats joined', async () => {
  const across = { ...deflate, predictor: 2, samples: 1, bits: 16 };
  const little = deflateSync(Buffer.of(0xff, 0, 1, 0, 0xff, 0xff));
  assert.deepEqual(await decodePiece(little, 6, 6, across), Buffer.of(0xff, 0, 0, 1, 0xff, 0));
  const big = deflateSync(Buffer.of(0, 0xff, 0, 1, 0xff, 0xff));
  assert.deepEqual(await decodePiece(big, 6, 6, { ...across, isLittle: false }), Buffer.of(0, 0xff, 1, 0, 0, 0xff));
  const floats = deflateSync(Buffer.of(1, 1, 1, 1, 1, 1, 1, 1));
  const joined = { ...deflate, predictor: 3, bits: 32, isFloat: true };
  assert.deepEqual(await decodePiece(floats, 8, 8, joined), Buffer.of(7, 5, 3, 1, 8, 6, 4, 2));
  assert.equal(await decodePiece(floats, 8, 8, { ...joined, isFloat: false }), null);
});

test('bits can be the other way round', async () => {
  assert.deepEqual(reversedBits(Buffer.of(0x01, 0xf0, 0x12)), Buffer.of(0x80, 0x0f, 0x48));
  const bytes = reversedBits(Buffer.of(0xfe, 9));
  assert.deepEqual(await decodePiece(bytes, 3, 3, { ...packBits, isReversed: true }), Buffer.of(9, 9, 9));
});
