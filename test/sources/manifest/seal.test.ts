import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blankSeal, brokenSeal, Sealing } from '../../../src/sources/manifest/seal.js';

/** A file of these parts, sealed. */
function sealed(...parts: string[]): Buffer {
  const sealing = new Sealing();
  const bytes = parts.map((part) => Buffer.from(part));
  for (const part of bytes) sealing.add(part);
  const { digest, places } = sealing.end();
  const file = Buffer.concat(bytes);
  for (const place of places) digest.copy(file, place);
  return file;
}

test('a sealed file is whole, and no bit of it can change unseen', async () => {
  const file = sealed('begin', `first ${blankSeal}.`, 'rows', `${blankSeal} end`);
  assert.equal(await brokenSeal(Buffer.from(file)), null);
  for (let bit = 0; bit < file.length * 8; bit++) {
    const flipped = Buffer.from(file);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    assert.notEqual(await brokenSeal(flipped), null, `bit ${bit}`);
  }
  for (const length of [0, 1, 50, 100, file.length - 1])
    assert.notEqual(await brokenSeal(Buffer.from(file.subarray(0, length))), null, `cut to ${length}`);
});

test('a file without a seal is told as one', async () => {
  assert.match((await brokenSeal(Buffer.from('ARROW1')))!, /without a digest/);
});
