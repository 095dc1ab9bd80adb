import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { openJpeg } from '../../src/decode/jpeg-open.js';

const file = await sharp({ create: { width: 12, height: 34, channels: 3, background: '#468' } })
  .jpeg()
  .toBuffer();
const text = (value: string) => Buffer.from(value, 'latin1');

/** The file with one more segment at its start. */
function withSegment(marker: number, data: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([file.subarray(0, 2), head, data, file.subarray(2)]);
}

test('the size and channels are those of the frame, over whatever may stand before it', () => {
  const found = { width: 12, height: 34, components: 3 };
  assert.deepEqual(openJpeg(file), found);
  for (const [marker, data] of [
    [0xe0, text('JFIF\0\x01\x01')],
    [0xe1, text('Exif\0\0')],
    [0xee, text('Adobe\0d')],
    [0xed, text('Photoshop 3.0\x008BIM')],
    [0xfe, text('a comment')],
  ] as const)
    assert.deepEqual(openJpeg(withSegment(marker, data)), found);
  assert.deepEqual(openJpeg(Buffer.concat([file.subarray(0, 2), Buffer.from([0xff]), file.subarray(2)])), found);
});

test('segments that Pillow trips over make no image', () => {
  for (const [marker, data] of [
    [0xe0, text('JFIF')],
    [0xee, text('Adobe')],
    [0xe2, text('ICC_PROFILE\0')],
    [0xed, text('Photoshop 3.0\x008BIM\x04\0')],
    [0xdb, Buffer.alloc(60)],
    [0xc0, Buffer.from([12, 0, 9, 0, 9, 1, 1, 0x11, 0])],
    [0xc0, Buffer.from([8, 0, 9, 0, 9, 2, 1, 0x11, 0, 2, 0x11, 0])],
  ] as const)
    assert.equal(openJpeg(withSegment(marker, data)), null, marker.toString(16));
  assert.equal(openJpeg(file.subarray(0, 30)), null);
  assert.equal(openJpeg(Buffer.concat([file.subarray(0, 2), Buffer.from([0xff, 0x02]), file.subarray(2)])), null);
});

test('an index of pictures that describes too few of them makes none', () => {
  const index = (count: number, bytes: number) => {
    const out = Buffer.alloc(38 + 80);
    out.write('II*\0', 0, 'latin1');
    out.writeUInt32LE(8, 4);
    out.writeUInt16LE(2, 8);
    for (const [i, [tag, type, length, value]] of [
      [0xb001, 4, 1, count],
      [0xb002, 7, bytes, 38],
    ].entries()) {
      out.writeUInt16LE(tag!, 10 + i * 12);
      out.writeUInt16LE(type!, 12 + i * 12);
      out.writeUInt32LE(length!, 14 + i * 12);
      out.writeUInt32LE(value!, 18 + i * 12);
    }
    return Buffer.concat([text('MPF\0'), out]);
  };
  assert.ok(openJpeg(withSegment(0xe2, index(2, 32))) !== null);
  assert.equal(openJpeg(withSegment(0xe2, index(3, 32))), null);
});
