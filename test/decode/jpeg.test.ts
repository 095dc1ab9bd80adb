import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp, { type JpegOptions } from 'sharp';
import { decodeCrop } from '../../src/decode/decode-crop.js';
import { jpeg } from '../../src/decode/jpeg.js';
import { probe } from '../../src/decode/probe.js';
import { defaultLimits } from '../../src/run/limits.js';

const look = () => {};
const [width, height] = [90, 70];
const pixels = Buffer.from(Array.from({ length: width * height * 3 }, (_, i) => (i * i) >> 5));
const encode = (options: JpegOptions) =>
  sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg(options)
    .toBuffer();
/** The same file with a comment whose markers libjpeg skips over: no strict reader takes it. */
const strayed = (file: Buffer) => Buffer.concat([file.subarray(0, 2), Buffer.from([0, 0, 7]), file.subarray(2)]);

test('a baseline file is decoded here, any other by the loader, and both have the same size', async () => {
  const baseline = await encode({ quality: 80 });
  const progressive = await encode({ quality: 80, progressive: true });
  for (const [file, isDecodedHere] of [
    [baseline, true],
    [progressive, false],
    [strayed(baseline), false],
  ] as const) {
    const header = jpeg.read(file, look)!;
    assert.deepEqual(
      [header.width, header.height, header.decodesAll, header.isCmyk],
      [width, height, undefined, false],
    );
    assert.equal(header.decode !== undefined, isDecodedHere);
  }
});

test('a file that is cut inside its scan is refused, whatever the box, and one without a scan has no header', async () => {
  const file = await encode({});
  const cut = file.subarray(0, -100);
  const box = { top: 0, left: 0, width: 8, height: 1 };
  await assert.rejects(decodeCrop(cut, box, defaultLimits), { reason: 'SAMPLE_CORRUPT' });
  assert.throws(() => jpeg.read(strayed(cut), look), { reason: 'SAMPLE_CORRUPT' });
  assert.equal(jpeg.read(file.subarray(0, file.indexOf(Buffer.from([0xff, 0xda]))), look), null);
});

test('a crop is the same with the header that probe has read and without', async () => {
  const box = { top: 11, left: 7, width: 40, height: 30 };
  for (const file of [
    await encode({}),
    await encode({ progressive: true }),
    await sharp(await encode({}))
      .png()
      .toBuffer(),
  ]) {
    const header = await probe(file, defaultLimits);
    const [given, read] = [
      await decodeCrop(file, box, defaultLimits, header),
      await decodeCrop(file, box, defaultLimits),
    ];
    assert.deepEqual(Buffer.from(given.data), Buffer.from(read.data));
  }
});
