import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp, { type JpegOptions } from 'sharp';
import { endsWell, walkJpeg } from '../../src/decode/jpeg-walk.js';

const [width, height] = [90, 70];
const pixels = Buffer.from(Array.from({ length: width * height * 3 }, (_, i) => (i * i) >> 5));
const encode = (options: JpegOptions) =>
  sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg(options)
    .toBuffer();
const baseline = await encode({ quality: 80 });
const progressive = await encode({ quality: 80, progressive: true });
const scanOf = (file: Buffer) => file.indexOf(Buffer.from([0xff, 0xda]));
/** The file with a marker in the middle of its last scan. */
const marked = (file: Buffer, marker: number) => {
  const at = Math.floor((file.lastIndexOf(Buffer.from([0xff, 0xda])) + file.length) / 2);
  return Buffer.concat([file.subarray(0, at), Buffer.from([0xff, marker]), file.subarray(at)]);
};
const isRefused = (file: Buffer) => 'refused' in walkJpeg(file, () => {});

test('a sound file has its frame, its blocks and its scans', () => {
  const one = walkJpeg(baseline, () => {});
  assert.ok(!('refused' in one));
  // 4:2:0: six blocks for every 16 x 16 pixels.
  assert.deepEqual([one.frame.width, one.frame.height, one.scans, one.blocks], [width, height, 1, 6 * 5 * 6]);
  const many = walkJpeg(progressive, () => {});
  assert.ok(!('refused' in many));
  assert.equal(many.frameBlocks, one.blocks);
  assert.ok(many.scans > 3 && many.blocks > one.blocks);
});

test('a marker in the scan ends it: what libjpeg skips is borne, what it knows not, or has had, is not', () => {
  for (const file of [baseline, progressive]) {
    for (const marker of [0xd0, 0xd9, 0x01]) assert.equal(isRefused(marked(file, marker)), false, marker.toString(16));
    for (const marker of [0xd8, 0xc0, 0xc3, 0x05, 0xf3])
      assert.equal(isRefused(marked(file, marker)), true, marker.toString(16));
  }
});

test('a file of one scan may lack its end where all its codes are there, one of several may not', () => {
  assert.equal(isRefused(Buffer.concat([baseline.subarray(0, -2), Buffer.alloc(20)])), false);
  assert.equal(isRefused(baseline.subarray(0, -40)), true);
  assert.equal(isRefused(Buffer.concat([progressive.subarray(0, -2), Buffer.alloc(20)])), true);
});

test('a file followed by another is read to its own end, and one that goes on as another is refused', () => {
  assert.equal(isRefused(Buffer.concat([baseline, baseline])), false);
  assert.equal(isRefused(Buffer.concat([baseline.subarray(0, -2), baseline])), true);
  assert.equal(endsWell(Buffer.concat([baseline.subarray(0, -2), baseline]), baseline.length - 2), false);
  assert.equal(endsWell(baseline, baseline.length - 2), true);
});

test('a scan needs its tables', () => {
  for (const marker of [0xc4, 0xdb]) {
    const file = Buffer.from(progressive.subarray(0));
    for (
      let at = file.indexOf(Buffer.from([0xff, marker]));
      at >= 0;
      at = file.indexOf(Buffer.from([0xff, marker]), at + 2)
    )
      file[at + 1] = 0xfe;
    assert.equal(isRefused(file), true, marker.toString(16));
  }
  // The standard's stand in for Huffman tables that a baseline file does without.
  const motion = Buffer.from(baseline);
  for (
    let at = motion.indexOf(Buffer.from([0xff, 0xc4]));
    at >= 0;
    at = motion.indexOf(Buffer.from([0xff, 0xc4]), at + 2)
  )
    motion[at + 1] = 0xfe;
  assert.equal(isRefused(motion), false);
  assert.equal(isRefused(baseline.subarray(0, scanOf(baseline))), true);
});

test('scans without end are not kept', () => {
  const last = progressive.lastIndexOf(Buffer.of(0xff, 0xda));
  const scan = progressive.subarray(last, -2);
  const many = walkJpeg(Buffer.concat([progressive.subarray(0, -2), ...Array<Buffer>(5000).fill(scan)]), () => {});
  assert.ok(!('refused' in many) && many.blocks === Number.POSITIVE_INFINITY && many.scans < 5000);
});
