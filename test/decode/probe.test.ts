import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { decodeCrop } from '../../src/decode/decode-crop.js';
import { probe } from '../../src/decode/probe.js';
import { TributaryError } from '../../src/errors.js';
import { defaultLimits } from '../../src/run/limits.js';

function chunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** A grey PNG of any size whose rows are all zero, or that has no rows at all. */
function png(width: number, height: number, rows = true, depth = 8): Buffer {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, depth, 0, 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const stride = Math.ceil((width * depth) / 8) + 1;
  const pixels = deflateSync(Buffer.alloc(rows ? stride * height : 0), { level: 1 });
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

const noise = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 2654435761) >>> 24));
const jpeg = sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
  .jpeg()
  .toBuffer();

function corrupt(cause: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof TributaryError, String(error));
    assert.equal(error.reason, 'SAMPLE_CORRUPT');
    assert.equal(error.metadata.cause, cause);
    return true;
  };
}

const corner = { top: 0, left: 0, width: 1, height: 1 };

const sizeOf = async (...of: Parameters<typeof probe>) => {
  const { width, height } = await probe(...of);
  return { width, height };
};

describe('limits', () => {
  it('refuse what is no image, by name of the fault', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    const cases: [string, Buffer][] = [
      ['empty', Buffer.alloc(0)],
      ['header', Buffer.from('GIF89a')],
      ['format', Buffer.from('\0\0\0\x20ftypavif', 'latin1')],
      ['format', Buffer.from('\0\0\0\x0cjP  ', 'latin1')],
      ['format', svg],
      ['format', Buffer.from('%PDF-1.7')],
      ['header', Buffer.from([0x49, 0x49, 0x2a, 0x00])],
      ['format', Buffer.from('<!DOCTYPE html><title>404</title>')],
      ['header', Buffer.from('ffd8ffe0', 'hex')],
      ['header', Buffer.from('89504e470d0a1a0a', 'hex')],
      ['header', Buffer.from('RIFF\0\0\0\0WEBPVP8 ', 'latin1')],
      ['header', png(0, 5, false)],
    ];
    for (const [cause, bytes] of cases) {
      await assert.rejects(probe(bytes, defaultLimits), corrupt(cause));
      await assert.rejects(decodeCrop(bytes, corner, defaultLimits), corrupt(cause));
    }
  });

  it('refuse a decompression bomb by its header', async () => {
    await assert.rejects(probe(png(60_000, 60_000, false), defaultLimits), corrupt('too-many-pixels'));
    await assert.rejects(decodeCrop(png(60_000, 60_000, false), corner, defaultLimits), corrupt('too-many-pixels'));
    await assert.rejects(probe(png(65, 64), { ...defaultLimits, pixels: 64 * 64 }), corrupt('too-many-pixels'));
    assert.deepEqual(await sizeOf(png(64, 64), { ...defaultLimits, pixels: 64 * 64 }), { width: 64, height: 64 });
  });

  it('are those of Pillow where nobody gives others: images of 100 to 178 megapixels are decoded', async () => {
    const side = 13_377;
    const large = png(side, side, true, 1);
    const box = { top: side - 2, left: side - 2, width: 2, height: 2 };
    assert.deepEqual((await decodeCrop(large, box, defaultLimits)).data, Buffer.alloc(12));
    await assert.rejects(probe(png(side + 1, side + 1, false), defaultLimits), corrupt('too-many-pixels'));
    const photograph = Buffer.from(await jpeg);
    const frame = photograph.indexOf(Buffer.of(0xff, 0xc0));
    photograph.writeUInt16BE(10_000, frame + 5);
    photograph.writeUInt16BE(12_000, frame + 7);
    assert.deepEqual(await sizeOf(photograph, defaultLimits), { width: 12_000, height: 10_000 });
  });

  it('refuse a JPEG whose scans go through it without end, by its headers', async () => {
    const progressive = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .jpeg({ progressive: true })
      .toBuffer();
    const last = progressive.lastIndexOf(Buffer.from([0xff, 0xda]));
    const scans = Buffer.concat(Array(400).fill(progressive.subarray(last, -2)));
    const bytes = Buffer.concat([progressive.subarray(0, -2), scans, progressive.subarray(-2)]);
    const limits = { ...defaultLimits, pixels: 64 * 64 };
    await probe(progressive, limits);
    await assert.rejects(probe(bytes, limits), corrupt('too-many-scans'));
    await probe(bytes, defaultLimits);
  });

  it('refuse a file beyond the bytes', async () => {
    const bytes = await jpeg;
    await assert.rejects(probe(bytes, { ...defaultLimits, bytes: bytes.length - 1 }), corrupt('too-many-bytes'));
    await probe(bytes, { ...defaultLimits, bytes: bytes.length });
  });

  it('refuse a sound header without its pixels', async () => {
    const bytes = png(64, 64, false);
    assert.deepEqual(await sizeOf(bytes, defaultLimits), { width: 64, height: 64 });
    await assert.rejects(decodeCrop(bytes, corner, defaultLimits), corrupt('data'));
  });

  it('let a strip of 1 x 60000 through', async () => {
    const bytes = png(1, 60_000);
    assert.deepEqual(await sizeOf(bytes, defaultLimits), { width: 1, height: 60_000 });
    const crop = await decodeCrop(bytes, { top: 59_990, left: 0, width: 1, height: 10 }, defaultLimits);
    assert.deepEqual(crop.data, Buffer.alloc(30));
  });

  it('are no verdict when the time is up', async () => {
    const side = 40_000;
    const bytes = png(side, side, true, 1);
    const box = { top: 0, left: 0, width: 50, height: side };
    await assert.rejects(decodeCrop(bytes, box, { ...defaultLimits, pixels: side * side, seconds: 0.05 }), (error) => {
      assert.ok(error instanceof TributaryError, String(error));
      assert.equal(error.reason, 'DECODE_TIMEOUT');
      return true;
    });
  });

  it('end the reading of a header too, whose texts can be many', async () => {
    const text = chunk('zTXt', Buffer.concat([Buffer.from('\0\0'), deflateSync(Buffer.alloc(1000))]));
    const bytes = png(9, 9);
    const many = Buffer.concat([bytes.subarray(0, 33), text, bytes.subarray(33)]);
    await probe(many, defaultLimits);
    await assert.rejects(probe(many, { ...defaultLimits, seconds: -1 }), { reason: 'DECODE_TIMEOUT' });
  });

  it('do not blame the file for a box outside it', async () => {
    const bytes = await jpeg;
    for (const box of [
      { top: -1, left: 0, width: 5, height: 5 },
      { top: 60, left: 0, width: 5, height: 5 },
      { top: 0, left: 60, width: 5, height: 5 },
      { top: 0, left: 0, width: -1, height: 5 },
    ]) {
      await assert.rejects(decodeCrop(bytes, box, defaultLimits), { reason: 'ARGUMENT_INVALID' });
    }
  });

  it('allow an empty box, of a file that is sound', async () => {
    const empty = { top: 0, left: 3, width: 0, height: 1 };
    const { data, width, height } = await decodeCrop(png(9, 1), empty, defaultLimits);
    assert.deepEqual([data.length, width, height], [0, 0, 1]);
    await assert.rejects(decodeCrop(png(9, 1, false), empty, defaultLimits), corrupt('data'));
  });

  it('never throw anything but a verdict, whatever the bytes', async () => {
    const starts = [
      Buffer.from('ffd8ff', 'hex'),
      Buffer.from('89504e470d0a1a0a', 'hex'),
      Buffer.from('RIFF....WEBPVP8X'),
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 200 }), async (start, rest) => {
        const bytes = Buffer.concat([start, rest]);
        await decodeCrop(bytes, corner, defaultLimits).catch((error: unknown) => {
          assert.ok(error instanceof TributaryError && error.reason === 'SAMPLE_CORRUPT', String(error));
        });
      }),
      { numRuns: 300 },
    );
  });
});
