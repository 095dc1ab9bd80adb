import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { probe } from '../../src/decode/probe.js';
import { tiff } from '../../src/decode/tiff.js';
import { defaultLimits } from '../../src/run/limits.js';

const look = () => {};
const made = sharp({ create: { width: 12, height: 34, channels: 3, background: '#468' } });

test('a header says the size as it is seen, and JPEG is for libvips to decode', async () => {
  const file = await made.clone().tiff({ compression: 'lzw', predictor: 'none' }).toBuffer();
  assert.ok(tiff.matches(file));
  const header = tiff.read(file, look)!;
  assert.deepEqual([header.width, header.height, header.decodesAll], [12, 34, undefined]);
  const turned = await made.clone().withMetadata({ orientation: 6 }).tiff({ compression: 'none' }).toBuffer();
  const { width, height } = tiff.read(turned, look)!;
  assert.deepEqual([width, height], [34, 12]);
  const jpeg = tiff.read(await made.clone().tiff({ compression: 'jpeg' }).toBuffer(), look)!;
  assert.deepEqual([jpeg.decodesAll, jpeg.isCmyk, jpeg.decode], [true, false, undefined]);
});

test('other kinds and DNG are refused by their name, and BigTIFF of high bytes first as Pillow refuses it', async () => {
  const refused = (pattern: RegExp) => (error: Error & { metadata?: Record<string, string> }) => {
    assert.match(error.message, pattern);
    return error.metadata?.cause === 'format';
  };
  assert.equal(tiff.read(Buffer.from('MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10', 'latin1'), look), null);
  const unknown = await made.clone().tiff({ compression: 'webp' }).toBuffer();
  unknown.writeUInt16LE(50002, unknown.indexOf(Buffer.of(50001 & 255, 50001 >> 8)));
  assert.throws(() => tiff.read(unknown, look), refused(/compression 50002/));
  const dng = Buffer.alloc(26);
  dng.write('II*\0', 0, 'latin1');
  dng.writeUInt32LE(8, 4);
  dng.writeUInt16LE(1, 8);
  dng.writeUInt16LE(50706, 10);
  dng.writeUInt16LE(1, 12);
  dng.writeUInt32LE(4, 14);
  assert.throws(() => tiff.read(dng, look), refused(/DNG/));
  assert.equal(tiff.read(Buffer.from('II*\0'), look), null);
});

test('a tile beyond the image counts by its own size', async () => {
  const file = await made.clone().tiff({ compression: 'lzw', tile: true, tileWidth: 512, tileHeight: 256 }).toBuffer();
  assert.equal(tiff.read(file, look)!.mostPixels, 512 * 256);
  await assert.rejects(probe(file, { ...defaultLimits, pixels: 100_000 }), { metadata: { cause: 'too-many-pixels' } });
  await probe(file, defaultLimits);
});
