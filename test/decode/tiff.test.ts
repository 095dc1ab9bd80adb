import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { tiff } from '../../src/decode/tiff.js';

const made = sharp({ create: { width: 12, height: 34, channels: 3, background: '#468' } });

test('common kinds have a header, and all of the file counts', async () => {
  const file = await made.clone().tiff({ compression: 'lzw', predictor: 'none' }).toBuffer();
  assert.ok(tiff.matches(file));
  const header = tiff.read(file)!;
  assert.deepEqual([header.width, header.height, header.decodesAll, header.isCmyk], [12, 34, true, false]);
});

test('other kinds, DNG and BigTIFF are refused by their name', async () => {
  const refused = (pattern: RegExp) => (error: Error & { metadata?: Record<string, string> }) => {
    assert.match(error.message, pattern);
    return error.metadata?.cause === 'format';
  };
  assert.throws(() => tiff.read(Buffer.from('II+\0\0\0\0\0\0', 'latin1')), refused(/BigTIFF/));
  const jpeg = await made.clone().tiff({ compression: 'jpeg' }).toBuffer();
  assert.throws(() => tiff.read(jpeg), refused(/compression 7/));
  const dng = Buffer.alloc(26);
  dng.write('II*\0', 0, 'latin1');
  dng.writeUInt32LE(8, 4);
  dng.writeUInt16LE(1, 8);
  dng.writeUInt16LE(50706, 10);
  dng.writeUInt16LE(1, 12);
  dng.writeUInt32LE(4, 14);
  assert.throws(() => tiff.read(dng), refused(/DNG/));
  assert.equal(tiff.read(Buffer.from('II*\0')), null);
});
