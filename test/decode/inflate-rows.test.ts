import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { inflateRows as inflate, inflatePiece } from '../../src/decode/inflate-rows.js';

const look = () => {};
const inflateRows = (pieces: readonly Buffer[], rows: Iterable<number>, total: number) =>
  inflate(pieces, rows, total, look);

const stream = fc.record({
  rows: fc.integer({ min: 1, max: 30 }),
  stride: fc.integer({ min: 1, max: 300 }),
  values: fc.constantFrom<number[]>(1, 3, 20, 256),
  level: fc.integer({ min: 0, max: 9 }),
  piece: fc.integer({ min: 1, max: 200 }),
  seed: fc.nat(2 ** 31),
});

function made({ rows, stride, values, level, seed }: Parameters<Parameters<typeof stream.map>[0]>[0]) {
  let state = seed | 1;
  const data = Buffer.from(
    Array.from({ length: rows * stride }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state >>> 20) % values;
    }),
  );
  return { data, packed: deflateSync(data, { level }) };
}

const inPieces = (bytes: Buffer, length: number) =>
  Array.from({ length: Math.ceil(bytes.length / length) }, (_, i) => bytes.subarray(i * length, (i + 1) * length));

test('a sound stream is inflated to what was deflated, in pieces of any length', () => {
  fc.assert(
    fc.property(stream, (of) => {
      const { data, packed } = made(of);
      const found = inflateRows(inPieces(packed, of.piece), Array(of.rows).fill(of.stride), data.length);
      assert.ok(found?.data.equals(data));
    }),
  );
});

test('a stream without its checksum is enough, one with a wrong checksum or a missing half is not', () => {
  const of = { rows: 20, stride: 100, values: 256, level: 6, piece: 1e6, seed: 5 };
  const { data, packed } = made(of);
  const rows = Array<number>(of.rows).fill(of.stride);
  const half = (bytes: Buffer) => inflateRows([bytes], rows, data.length)?.data ?? null;
  assert.ok(half(packed.subarray(0, -4))?.equals(data));
  const wrong = Buffer.from(packed);
  wrong[wrong.length - 1]! ^= 1;
  assert.equal(half(wrong), null);
  assert.equal(half(packed.subarray(0, packed.length / 2)), null);
  assert.equal(half(Buffer.from([0x79, 0x9c])), null);
});

test('an end between two rows leaves the others zero, an end inside one refuses the file', () => {
  const { data, packed } = made({ rows: 4, stride: 10, values: 9, level: 9, piece: 1, seed: 2 });
  const found = inflateRows([packed], Array(9).fill(10), 90);
  assert.ok(found?.data.equals(Buffer.concat([data, Buffer.alloc(50)])));
  assert.equal(inflateRows([packed], Array(9).fill(11), 99), null);
});

test('a strip may go on behind its bytes, but what ends there ends well', () => {
  const { data, packed } = made({ rows: 20, stride: 100, values: 256, level: 6, piece: 1e6, seed: 5 });
  assert.deepEqual(inflatePiece(packed, 2000, look), data);
  assert.deepEqual(inflatePiece(packed.subarray(0, -9), 1000, look), data.subarray(0, 1000));
  assert.equal(inflatePiece(packed.subarray(0, -4), 2000, look), null);
  assert.equal(inflatePiece(packed, 2001, look), null);
  const late = () => {
    throw new Error('late');
  };
  assert.throws(() => inflatePiece(packed, 2000, late), /late/);
  assert.throws(() => inflate([packed], Array(20).fill(100), 2000, late), /late/);
});

test('the clock is looked at before each block and in long ones, so that no stream goes on for ever', () => {
  const looksOf = (bytes: Buffer, length: number) => {
    let looks = 0;
    inflatePiece(bytes, length, () => looks++);
    return looks;
  };
  // Ten bits a block of fixed codes that holds nothing but its end, of which none is the last.
  const empty = Buffer.concat([Buffer.of(0x78, 0x9c), Buffer.alloc(5 * 200, Buffer.from('0208208000', 'hex'))]);
  assert.ok(looksOf(empty, 10) >= 700);
  assert.ok(looksOf(deflateSync(Buffer.alloc(8 * 1024 * 1024), { level: 9 }), 8 * 1024 * 1024) >= 8);
});
