import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dictionary, damaged, decodeLzma, LzmaState, RangeDecoder } from '../../src/decode/lzma.js';

const dictionary = (length: number): Dictionary => ({ out: Buffer.alloc(length), at: 0, start: 0, size: 4096 });

test('properties that LZMA2 does not have are refused', () => {
  assert.equal(new LzmaState(0x5d).positionMask, 3);
  for (const properties of [225, 4 + 9]) assert.throws(() => new LzmaState(properties), damaged);
});

test('a stream of zeros is literals of zero, and ends where its bytes do', () => {
  const to = dictionary(9);
  decodeLzma(new RangeDecoder(Buffer.alloc(20), 0), new LzmaState(0x5d), to, 5);
  assert.deepEqual([to.at, ...to.out], [5, ...Array(9).fill(0)]);
  const more = dictionary(1000);
  assert.throws(() => decodeLzma(new RangeDecoder(Buffer.alloc(8), 0), new LzmaState(0x5d), more, 1000), damaged);
  assert.ok(more.at > 0);
});

test('it begins with a zero, and a match copies from nothing before the first byte', () => {
  assert.throws(() => new RangeDecoder(Buffer.alloc(4), 0), damaged);
  assert.throws(() => new RangeDecoder(Buffer.of(1, 0, 0, 0, 0), 0), damaged);
  const range = new RangeDecoder(Buffer.concat([Buffer.of(0), Buffer.alloc(20, 0xee)]), 0);
  assert.throws(() => decodeLzma(range, new LzmaState(0x5d), dictionary(9), 9), damaged);
});
