import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { packTexts, textAt } from '../../src/sources/packed-texts.js';

test('each text comes out as it was packed, and none where there is none', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (texts) => {
      const packed = packTexts(texts);
      assert.deepEqual(
        texts.map((_, index) => textAt(packed, index)),
        texts,
      );
      assert.equal(textAt(packed, texts.length), '');
    }),
  );
});
