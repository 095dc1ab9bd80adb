import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { readTables } from '../../src/decode/jpeg-tables.js';
import { walkJpeg } from '../../src/decode/jpeg-walk.js';
import { rewriteJpeg } from '../../src/decode/rewrite-jpeg.js';

const raw = { width: 75, height: 50, channels: 3 } as const;
const pixels = Buffer.from(Array.from({ length: 75 * 50 * 3 }, (_, i) => ((i * 7) % 225) + ((i >> 9) % 30)));

/** Where the scans of a file begin that sharp has made. */
function startsOf(file: Buffer): number[] {
  const starts: number[] = [];
  for (let at = file.indexOf(Buffer.of(0xff, 0xda)); at >= 0; at = file.indexOf(Buffer.of(0xff, 0xda), at + 1))
    starts.push(at);
  return starts;
}

function rewritten(file: Buffer): Buffer | null {
  const walk = walkJpeg(file, () => {});
  assert.ok(!('refused' in walk));
  return rewriteJpeg(file, walk, () => {});
}

test('a file of which nothing is left out is not rewritten', async () => {
  const image = sharp(pixels, { raw });
  assert.equal(rewritten(await image.clone().jpeg({ progressive: true }).toBuffer()), null);
  assert.equal(rewritten(await image.clone().jpeg().toBuffer()), null);
});

test('a file that lost passes becomes a baseline file of the same size, colours and factors', async () => {
  for (const chromaSubsampling of ['4:2:0', '4:4:4']) {
    const whole = await sharp(pixels, { raw }).jpeg({ progressive: true, chromaSubsampling, quality: 90 }).toBuffer();
    const starts = startsOf(whole);
    assert.ok(starts.length > 3);
    const expected = await sharp(whole).raw().toBuffer();
    let last = Number.POSITIVE_INFINITY;
    for (const start of starts.slice(2)) {
      const file = rewritten(Buffer.concat([whole.subarray(0, start), Buffer.of(0xff, 0xd9)]));
      if (file === null) continue;
      assert.ok(!('refused' in walkJpeg(file, () => {})));
      const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
      assert.deepEqual([info.width, info.height, info.channels], [75, 50, 3]);
      const error = data.reduce((sum, level, i) => sum + (level - expected[i]!) ** 2, 0);
      // Each pass more brings it closer to the whole.
      assert.ok(error <= last * 1.05, `${chromaSubsampling} ${start}: ${error} after ${last}`);
      last = error;
    }
    assert.ok(last < Number.POSITIVE_INFINITY);
    assert.equal(readTables(whole), null);
  }
});
