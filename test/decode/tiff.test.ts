import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { tiff } from '../../src/decode/tiff.js';

const made = sharp({ create: { width: 12, height: 34, channels: 3, background: '#468' } });

test('a header says the size as it is seen, and fax and JPEG are for libvips to decode', async () => {
  const file = await made.clone().tiff({ compression: 'lzw', predictor: 'none' }).toBuffer();
  assert.ok(tiff.matches(file));
  const header = tiff.read(file)!;
  assert.deepEqual([header.width, header.height, header.decodesAll], [12, 34, undefined]);
  const turned = await made.clone().withMetadata({ orientation: 6 }).tiff({ compression: 'none' }).toBuffer();
  const { width, height } = tiff.read(turned)!;
  assert.deepEqual([width, height], [34, 12]);
  const jpeg = tiff.read(await made.clone().tiff({ compression: 'jpeg' }).toBuffer())!;
  assert.deepEqual([jpeg.decodesAll, jpeg.isCmyk, jpeg.decode], [true, false, undefined]);
});

test('other kinds and DNG are refused by their name, and BigTIFF of high bytes first as Pillow refuses it', async () => {
  const refused = (pattern: RegExp) => (error: Error & { metadata?: Record<string, string> }) => {
    assert.match(error.message, pattern);
    return error.metadata?.cause === 'format';
  };
  assert.equal(tiff.read(Buffer.from('MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10', 'latin1')), null);
  const webp = await made.clone().tiff({ compression: 'webp' }).toBuffer();
  assert.throws(() => tiff.read(webp), refused(/compression 50001/));
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
