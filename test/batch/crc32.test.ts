import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { combineCrc32 } from '../../src/batch/crc32.js';

test('the CRC of parts combines to that of the whole', () => {
  fc.assert(
    fc.property(
      fc
        .integer({ min: 0, max: 300 })
        .chain((length) =>
          fc
            .array(fc.uint8Array({ minLength: length, maxLength: length }), { maxLength: 9 })
            .map((parts) => ({ length, parts })),
        ),
      ({ length, parts }) => {
        const crcs = parts.map((part) => crc32(part));
        assert.equal(combineCrc32(crcs, length), crc32(Buffer.concat(parts)));
      },
    ),
  );
});

test('it does so for parts as long as samples', () => {
  const parts = Array.from({ length: 5 }, (_, i) => Buffer.alloc(3 * 518 * 518 * 4, 37 * i + 1));
  const crcs = parts.map((part) => crc32(part));
  assert.equal(combineCrc32(crcs, parts[0]!.length), crc32(Buffer.concat(parts)));
});
