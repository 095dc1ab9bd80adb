import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { png } from '../../src/decode/png.js';

const file = await sharp({ create: { width: 12, height: 34, channels: 3, background: '#468' } })
  .png()
  .toBuffer();

test('the size is IHDR’s, and a file is complete where every chunk to IEND has its checksum', () => {
  assert.ok(png.matches(file) && !png.matches(Buffer.from('RIFF')));
  assert.deepEqual(png.read(file), { width: 12, height: 34, complete: true, isCmyk: false });
  const turned = Buffer.from(file);
  turned[turned.indexOf('IDAT') + 6]! ^= 1;
  for (const damaged of [turned, file.subarray(0, -1), file.subarray(0, 40)])
    assert.equal(png.read(damaged)!.complete, false);
});

test('a file without a header, or with a side of nothing, has none', () => {
  assert.equal(png.read(file.subarray(0, 32)), null);
  const empty = Buffer.from(file);
  empty.writeUInt32BE(0, 16);
  assert.equal(png.read(empty), null);
});
