import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { bitsFor, checkRuns } from '../../../src/sources/storage/parquet-runs.js';

/** A run of one number, as writers write it. */
const run = (count: number, value: number, width: number): number[] => [
  ...varint(2 * count),
  ...littleEndian(value, width),
];

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))];
}

function littleEndian(value: number, width: number): number[] {
  return Array.from({ length: (width + 7) >> 3 }, (_, i) => (value >> (8 * i)) & 255);
}

test('runs that are as long as what is to come are counted, whatever their numbers', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 16 }),
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 }),
      (width, counts) => {
        const bytes = Uint8Array.from(counts.flatMap((count) => run(count, 1, width)));
        const sum = counts.reduce((a, b) => a + b);
        assert.equal(checkRuns(bytes, width, sum), sum);
        const numbers = new Array<number>(sum);
        readRleBitPackedHybrid({ view: new DataView(bytes.buffer), offset: 0 }, width, numbers, bytes.length);
        assert.ok(numbers.every((number) => number === 1) && numbers.length === sum);
      },
    ),
  );
  // Two groups of eight numbers of three bits, of which eleven are wanted.
  assert.equal(checkRuns(Uint8Array.from([5, 1, 2, 3, 4, 5, 6]), 3, 11), 11);
});

test('a run that is longer than what is to come is refused, be it of one number or packed', () => {
  for (const count of [108, 2 ** 20, 2 ** 31 - 1]) {
    assert.throws(() => checkRuns(Uint8Array.from(run(count, 1, 1)), 1, 100), /where 100 were to come/);
  }
  for (const count of [4_200, 2 ** 20, 2 ** 31 - 1]) {
    const packed = Uint8Array.from(varint(2 * Math.ceil(count / 8) + 1));
    assert.throws(() => checkRuns(packed, 1, 100), /where 100 were to come/);
  }
  assert.throws(() => checkRuns(Uint8Array.from([255, 255, 255, 255, 255, 1]), 1, 100), /more than 32 bits/);
});

test('what is packed may be padded, as DuckDB pads it to 256 numbers, and nothing of that is read', () => {
  const packed = Uint8Array.from([...varint(2 * 32 + 1), ...new Array<number>(32 * 3).fill(0b10010010)]);
  assert.equal(checkRuns(packed, 3, 40), 40);
  const numbers = new Array<number>(40).fill(-1);
  readRleBitPackedHybrid({ view: new DataView(packed.buffer), offset: 0 }, 3, numbers, packed.length);
  assert.equal(numbers.length, 40);
  assert.ok(!numbers.includes(-1));
});

test('numbers that end before are as many as they are', () => {
  assert.equal(checkRuns(Uint8Array.from(run(7, 1, 1)), 1, 100), 7);
  assert.equal(checkRuns(new Uint8Array(), 1, 100), 0);
  assert.equal(checkRuns(Uint8Array.from([0, 0, 0, 0]), 8, 3), 0);
});

test('a number takes as many bits as the largest', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 255, 256].map(bitsFor), [0, 1, 2, 2, 3, 8, 9]);
});
