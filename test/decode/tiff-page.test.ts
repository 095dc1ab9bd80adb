import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { orientationOf } from '../../src/decode/orientation.js';
import { tiff } from '../../src/decode/tiff.js';
import { decodePage, memoryOf, type TiffPage } from '../../src/decode/tiff-page.js';
import { defaultLimits } from '../../src/run/limits.js';

const page: TiffPage = {
  ...{ width: 3, height: 3, compression: 1, predictor: 1, isReversed: false, isLittle: true, isPlanar: false },
  kind: { colour: 'rgb', samples: 3, bits: 8 },
  ...{ isTiled: false, across: 3, down: 2, row: 9, offsets: [0, 18], lengths: [18, 9] },
  ...{ palette: Buffer.alloc(768), orientation: orientationOf(1) },
};
const whole = { top: 0, left: 0, width: 3, height: 3 };

test('strips follow each other, and a file that lacks the last leaves it black', async () => {
  const file = Buffer.from(Array.from({ length: 27 }, (_, i) => i + 1));
  assert.deepEqual((await decodePage(file, page, whole, 1)).data, file);
  const short = (await decodePage(file, { ...page, offsets: [0] }, whole, 1)).data;
  assert.deepEqual(short, Buffer.concat([file.subarray(0, 18), Buffer.alloc(9)]));
  await assert.rejects(decodePage(file.subarray(0, 26), page, whole, 1), /cut/);
  await assert.rejects(decodePage(file, page, whole, -1), { reason: 'DECODE_TIMEOUT' });
  assert.ok(memoryOf(page) >= 18);
});

test('planes are joined', async () => {
  const file = Buffer.from(Array.from({ length: 27 }, (_, i) => i));
  const planes = { ...page, isPlanar: true, row: 3, offsets: [0, 6, 9, 15, 18, 24] };
  const { data } = await decodePage(file, planes, whole, 1);
  assert.deepEqual([...data.subarray(0, 6)], [0, 9, 18, 1, 10, 19]);
  assert.deepEqual([...data.subarray(24)], [8, 17, 26]);
});

test('tiles of every coding give the pixels that libvips gives', async () => {
  const raw = { width: 70, height: 50, channels: 3 } as const;
  const pixels = Buffer.from(Array.from({ length: 70 * 50 * 3 }, (_, i) => ((i * i) >> 3) & 255));
  for (const compression of ['none', 'lzw', 'deflate', 'packbits'] as const)
    for (const predictor of ['none', 'horizontal'] as const)
      for (const tile of [true, false]) {
        const options = { compression, predictor, tile, tileWidth: 16, tileHeight: 32 };
        const file = await sharp(pixels, { raw }).tiff(options).toBuffer();
        const box = { top: 11, left: 13, width: 40, height: 25 };
        const crop = (await tiff.read(file, () => {})!.decode!(file, box, defaultLimits))!;
        const rows = Array.from({ length: 25 }, (_, y) => pixels.subarray(((11 + y) * 70 + 13) * 3).subarray(0, 120));
        assert.ok(Buffer.concat(rows).equals(crop.data), `${compression} ${predictor} ${tile}`);
      }
});
