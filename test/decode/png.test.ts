import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { png } from '../../src/decode/png.js';
import { defaultLimits } from '../../src/run/limits.js';

const look = () => {};
const file = await sharp({ create: { width: 12, height: 34, channels: 3, background: '#468' } })
  .png()
  .toBuffer();
const corner = { top: 0, left: 0, width: 1, height: 1 };

test('the size is IHDR’s, and damage to the pixels is found below a box', async () => {
  assert.ok(png.matches(file) && !png.matches(Buffer.from('RIFF')));
  const header = png.read(file, look)!;
  assert.deepEqual([header.width, header.height], [12, 34]);
  assert.deepEqual([...(await header.decode!(file, corner, defaultLimits))!.data], [0x44, 0x66, 0x88]);
  const cut = file.subarray(0, file.indexOf('IDAT') + 12);
  await assert.rejects(async () => png.read(cut, look)!.decode!(cut, corner, defaultLimits), {
    reason: 'SAMPLE_CORRUPT',
  });
});

test('a file without a header, or with a side of nothing, has none', () => {
  assert.equal(png.read(file.subarray(0, 32), look), null);
  const empty = Buffer.from(file);
  empty.writeUInt32BE(0, 16);
  assert.equal(png.read(empty, look), null);
});
