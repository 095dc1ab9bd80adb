import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { decodePositions, encodePositions, positionWords } from '../../src/decode/scan-positions.js';

const file = Buffer.from('the bytes of a file');

/** Positions of a scan of 2^31 bits, in order, with whatever coefficients. */
const positions = (components: number) =>
  fc
    .array(fc.tuple(fc.integer({ min: 1, max: 2 ** 24 }), fc.array(fc.integer(), { minLength: 3, maxLength: 3 })), {
      minLength: 1,
      maxLength: 40,
    })
    .map((entries) => {
      let bit = -1;
      return Uint32Array.from(
        entries.flatMap(([apart, coefficients]) => {
          bit += apart;
          return [bit, ...coefficients.map((value, i) => (i < components ? value : 0))];
        }),
      );
    });

function decoded(kept: Uint8Array, count: number, components: number, of: Uint8Array = file, bits = 2 ** 31) {
  const into = new Uint32Array(count * positionWords);
  return decodePositions(kept, of, into, components, bits) ? into : null;
}

/** Bytes with the CRC-32s that they should have. */
function sealed(kept: Uint8Array): Buffer {
  const bytes = Buffer.from(kept);
  bytes.writeUInt32LE(crc32(file), 4);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

test('what is written is read, and only for the same file and as many positions', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1, 3).chain((components) => fc.tuple(fc.constant(components), positions(components))),
      ([components, given]) => {
        const kept = encodePositions(file, given, components);
        const count = given.length / positionWords;
        assert.deepEqual(decoded(kept, count, components), given);
        assert.equal(decoded(kept, count + 1, components), null);
        assert.equal(decoded(kept, count - 1, components), null);
        assert.equal(decoded(kept, count, components, Buffer.from('the bytes of a File')), null);
        assert.equal(decoded(kept, count, components, file, given.at(-positionWords)!), null, 'behind the file');
      },
    ),
  );
});

test('every bit that flips is noticed, and every byte that is missing', () => {
  const given = Uint32Array.from([0, 0, 0, 0, 700, 12, -3, 800, 1500, -2000, 0, 0]);
  const kept = encodePositions(file, given, 3);
  for (let bit = 0; bit < kept.length * 8; bit++) {
    const flipped = Buffer.from(kept);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(decoded(flipped, 3, 3), null, `bit ${bit}`);
  }
  for (let length = 0; length < kept.length; length++) assert.equal(decoded(kept.subarray(0, length), 3, 3), null);
});

test('bytes with the right CRC-32s that nobody wrote are read as positions inside of the file, or not at all', () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (bytes, count) => {
      const into = decoded(sealed(bytes), count, 3, file, 1000);
      if (into === null) return;
      taken++;
      for (let i = 0; i < into.length; i += positionWords) assert.ok(into[i]! < 1000);
    }),
    { numRuns: 5000 },
  );
  assert.ok(taken > 0);
  const long = sealed(Buffer.concat([Buffer.alloc(8), Buffer.alloc(9, 255), Buffer.alloc(8)]));
  for (let count = 1; count < 5; count++) assert.equal(decoded(long, count, 3), null, 'numbers without an end');
});
