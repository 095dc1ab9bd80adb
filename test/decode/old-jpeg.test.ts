import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { decodeOldJpeg } from '../../src/decode/old-jpeg.js';
import type { TiffDirectory } from '../../src/decode/tiff-directory.js';

const look = () => {};

/** What libtiff reads of a file that is a JPEG alone. */
function directory(
  width: number,
  height: number,
  tags: Readonly<Record<number, number>>,
  lengths: number[] = [],
): TiffDirectory {
  return {
    ...{
      width,
      height,
      compression: 6,
      photometric: 6,
      bits: 8,
      samples: 3,
      sampleFormat: 1,
      fillOrder: 1,
      predictor: 1,
    },
    ...{ isPlanar: false, isTiled: false, rowsPerStrip: height, tileWidth: 0, tileHeight: 0, offsets: [1], lengths },
    ...{ subsampling: [2, 2], luma: [], ranges: [], bytes: () => undefined },
    whole: (tag) => (tags[tag] === undefined ? [] : [tags[tag]]),
  };
}

test('a stream gives the levels of its components, as they are stored', async () => {
  const grey = sharp({ create: { width: 20, height: 10, channels: 3, background: '#777' } });
  const jpeg = await grey.jpeg({ chromaSubsampling: '4:2:0' }).toBuffer();
  const file = Buffer.concat([Buffer.of(0), jpeg]);
  const found = decodeOldJpeg(file, directory(20, 10, { 513: 1, 514: jpeg.length }), 5, look);
  assert.deepEqual([found.across, found.down, found.planes.length], [2, 2, 3]);
  assert.ok(found.planes[0]!.data.every((level) => Math.abs(level - 0x77) <= 1));
  assert.ok(found.planes[1]!.data.every((level) => level === 128));
  // The same as the one strip, without the tag.
  const strip = decodeOldJpeg(file, directory(20, 10, {}, [jpeg.length]), 5, look);
  assert.deepEqual(strip, found);
});

test('a frame of another size, and strips without tables, are refused', async () => {
  const image = sharp({ create: { width: 20, height: 10, channels: 3, background: '#777' } });
  const jpeg = await image.jpeg().toBuffer();
  const file = Buffer.concat([Buffer.of(0), jpeg]);
  const corrupt = { metadata: { cause: 'data' } };
  assert.throws(() => decodeOldJpeg(file, directory(30, 10, { 513: 1 }), 5, look), corrupt);
  assert.throws(() => decodeOldJpeg(Buffer.alloc(50, 1), directory(20, 10, {}, [40]), 5, look), corrupt);
});
