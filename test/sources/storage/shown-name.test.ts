import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shownBytes, shownName } from '../../../src/sources/storage/shown-name.js';

test('odd bytes and control characters are shown escaped, and everything else as it is', () => {
  assert.equal(shownBytes(Buffer.from('ä😀\ufffd.jpg')), 'ä😀\ufffd.jpg');
  assert.equal(shownBytes(Buffer.from([0xe4, 0x2e, 0xc3, 0xa4, 0xff])), '\\xe4.ä\\xff');
  assert.equal(shownName('a\n\u001b[31mb\u2028ä'), 'a\\x0a\\x1b[31mb\\u2028ä');
});
