import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeEntry,
  decodeTail,
  encodeEntry,
  encodeTail,
  entryBytes,
  isWhole,
  pageCrc,
  tailBytes,
} from '../../../src/sources/manifest/page-format.js';

test('entries and tails come back, beyond 4 GiB', () => {
  const entry = { offset: 2 ** 40 + 8, length: 22_000, crc: 0xffffffff };
  assert.equal(encodeEntry(entry).length, entryBytes);
  assert.deepEqual(decodeEntry(encodeEntry(entry)), entry);
  const details = Buffer.from('{}');
  const tail = encodeTail({ rowsPerPage: 256, table: 2 ** 41 }, details);
  assert.equal(tail.length, tailBytes);
  assert.deepEqual(decodeTail(tail), { rowsPerPage: 256, table: 2 ** 41, details: 2 });
});

test('no bit of a tail or of its details can change, and no page be another', () => {
  const details = Buffer.from('{"count":1}');
  const tail = encodeTail({ rowsPerPage: 256, table: 8 }, details);
  assert.ok(isWhole(tail, details));
  for (const bytes of [tail, details])
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      assert.ok(decodeTail(tail) === null || !isWhole(tail, details), `bit ${bit}`);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
  assert.equal(decodeTail(tail.subarray(1)), null);
  assert.notEqual(pageCrc(0, details), pageCrc(1, details));
});
