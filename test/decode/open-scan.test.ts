import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdsSegment } from '../../src/decode/open-scan.js';

// Two codes of one bit: DC of no bits, and an end of block. A block is two bits.
const one = (symbol: number) => Buffer.from([1, ...Array(15).fill(0), symbol]);
const tables = {
  ...{ frame: null, restartInterval: 0, quants: new Map<number, Uint16Array>() },
  ...{ dc: new Map([[0, one(0)]]), ac: new Map([[0, one(0)]]) },
};
const component = { id: 1, across: 1, down: 1, quant: 0, dc: 0, ac: 0 };
const holds = (bytes: number, blocks: number, isFast = false) =>
  holdsSegment(Buffer.alloc(bytes), 0, blocks, [component], tables, isFast, () => {});

test('a segment holds what libjpeg reads before it wants a byte that is not there', () => {
  // The first window takes eight bytes of ten; then there are too few for another, and bits are left unread.
  assert.equal(holds(10, 4 * 7), true);
  assert.equal(holds(10, 4 * 8), false);
  assert.equal(holds(7, 1), false);
  assert.equal(holds(8, 4 * 7), true);
});

test('with room to spare, and without restarts, it reads six bytes at a time', () => {
  assert.equal(holds(3000, 4 * 2000, true), true);
  assert.equal(holds(3000, 4 * 2999, true), false);
});

test('a stuffed zero is no data', () => {
  const file = Buffer.from(Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 0xff : 0)));
  const code = Buffer.from([0, 0, 0, 0, 0, 0, 0, 2, ...Array(8).fill(0), 0, 0]);
  const long = { ...tables, dc: new Map([[0, code]]), ac: new Map([[0, code]]) };
  assert.equal(
    holdsSegment(file, 0, 2, [component], long, false, () => {}),
    true,
  );
  assert.equal(
    holdsSegment(file, 0, 8, [component], long, false, () => {}),
    false,
  );
});
