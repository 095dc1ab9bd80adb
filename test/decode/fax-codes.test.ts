import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blackCodes, type FaxCode, followCodes, whiteCodes } from '../../src/decode/fax-codes.js';

/** The entry of a code, by its bits in order. */
const at = (codes: readonly FaxCode[], bits: string) =>
  codes[[...bits].reduce((sum, bit, i) => sum + (Number(bit) << i), 0)]!;

test('every run up to 63 has a code of either colour, and longer ones are made of parts', () => {
  for (const codes of [whiteCodes, blackCodes]) {
    const values = (state: string) => [
      ...new Set(codes.filter((code) => code.state === state).map(({ value }) => value)),
    ];
    assert.deepEqual(
      values('term').sort((a, b) => a - b),
      [...Array(64).keys()],
    );
    assert.deepEqual(
      values('part').sort((a, b) => a - b),
      Array.from({ length: 40 }, (_, i) => 64 * (i + 1)),
    );
  }
  assert.deepEqual(at(whiteCodes, '00110101'), { state: 'term', width: 8, value: 0 });
  assert.deepEqual(at(blackCodes, '000001100111'), { state: 'term', width: 12, value: 63 });
  assert.deepEqual(at(whiteCodes, '000000011111'), { state: 'part', width: 12, value: 2560 });
});

test('no code begins another, and what is left is unknown', () => {
  assert.deepEqual(at(followCodes, '0000011'), { state: 'right', width: 7, value: 3 });
  assert.deepEqual(at(followCodes, '010'), { state: 'left', width: 3, value: 1 });
  assert.equal(at(followCodes, '0000001').state, 'extension');
  assert.equal(at(whiteCodes, '000000001').state, 'none');
  assert.equal(at(blackCodes, '00000000000').state, 'end');
});
