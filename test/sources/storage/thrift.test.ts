import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkThrift } from '../../../src/sources/storage/thrift.js';

test('a struct is gone over to its end, whatever its values are', () => {
  // A truth value, a byte, an i32, a double, a text, a list of two structs, a list of truth values, a field with its number after it.
  const text = '11137f158001170000000000000000180361626319 2c15020000 1931010201 057e02 00 99'.replaceAll(' ', '');
  const whole = Buffer.from(text, 'hex');
  assert.equal(checkThrift(whole, 0), whole.length - 1);
  for (let end = 0; end < whole.length - 1; end++)
    assert.throws(() => checkThrift(whole.subarray(0, end), 0), /thrift/, String(end));
});

test('lists of more than there is, nesting without end and numbers without end are refused', () => {
  for (const hex of [
    // 32 million values in a list, and the same in a list in it.
    '19fcffffff7f00',
    '1919f9ffffff0f00',
    `${'1c'.repeat(100)}${'00'.repeat(101)}`,
    `19${'19'.repeat(100)}${'00'.repeat(9)}`,
    `15${'ff'.repeat(11)}0100`,
    '18ffffffff0f00',
    '1d00',
  ])
    assert.throws(() => checkThrift(Buffer.from(hex, 'hex'), 0), /thrift/, hex);
});
