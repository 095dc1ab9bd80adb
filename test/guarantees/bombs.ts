import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { pngOf } from './damage.js';

/** Small files that ask for much: each is one colour, and most are images like others. */
export async function bombs(): Promise<Record<string, Buffer>> {
  const side = 2000;
  const strip = side * side * 6;
  return {
    'lossless.webp': losslessWebp(4500, 4500),
    'interlaced.png': interlacedPng(5000, 5000),
    'scans.jpg': await manyScans(3300, 600),
    'deflate.tif': tiff(side, side, 16, 8, deflateSync(Buffer.alloc(strip), { level: 1 })),
    'lzw.tif': tiff(side, side, 16, 5, lzwZeros(strip)),
    'zstandard.tif': tiff(side, side, 16, 50000, zstandardZeros(strip)),
  };
}

/** Bits, each number the lowest first. */
function packed(...fields: readonly (readonly [value: number, bits: number])[]): Buffer {
  const bits = fields.flatMap(([value, count]) => Array.from({ length: count }, (_, i) => (value >> i) & 1));
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8));
  for (const [i, bit] of bits.entries()) bytes[i >> 3]! |= bit << (i & 7);
  return bytes;
}

/** A lossless WebP whose five codes have one symbol each, so that no pixel takes a bit. */
function losslessWebp(width: number, height: number): Buffer {
  const symbol = (value: number) =>
    [
      [1, 1],
      [0, 1],
      [1, 1],
      [value, 8],
    ] as const;
  const size = [
    [0x2f, 8],
    [width - 1, 14],
    [height - 1, 14],
    [0, 4],
  ] as const;
  const bits = packed(...size, [0, 3], ...symbol(9), ...symbol(8), ...symbol(7), ...symbol(255), ...symbol(0), [0, 16]);
  const data = Buffer.concat([bits, Buffer.alloc(bits.length % 2)]);
  const head = Buffer.from('RIFF\0\0\0\0WEBPVP8L\0\0\0\0', 'latin1');
  head.writeUInt32LE(head.length - 8 + data.length, 4);
  head.writeUInt32LE(data.length, 16);
  return Buffer.concat([head, data]);
}

/** An interlaced PNG of 16 bits a sample, with alpha. */
function interlacedPng(width: number, height: number): Buffer {
  const head = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 16, 6, 0, 0, 1]);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  // Some more than the rows of the seven passes take is borne.
  return pngOf(head, deflateSync(Buffer.alloc(8 * width * height + 15 * (height / 8)), { level: 1 }));
}

/** A progressive JPEG whose last scan comes again and again. */
async function manyScans(side: number, times: number): Promise<Buffer> {
  const file = await sharp({ create: { width: side, height: side, channels: 3, background: 'teal' } })
    .jpeg({ progressive: true })
    .toBuffer();
  const scan = file.subarray(file.lastIndexOf(Buffer.of(0xff, 0xda)), -2);
  return Buffer.concat([file.subarray(0, -2), ...Array<Buffer>(times).fill(scan), file.subarray(-2)]);
}

/** A TIFF of one strip of red, green and blue. */
function tiff(width: number, height: number, bits: number, compression: number, strip: Buffer): Buffer {
  const tags = [
    [256, 3, width],
    [257, 3, height],
    [258, 3, 0],
    [259, 3, compression],
    [262, 3, 2],
  ] as const;
  const places = [
    [273, 4, 0],
    [277, 3, 3],
    [278, 3, height],
    [279, 4, strip.length],
  ] as const;
  const entries = [...tags, ...places];
  const directory = 8;
  const depths = directory + 2 + 12 * entries.length + 4;
  const head = Buffer.alloc(depths + 6);
  head.write('II*\0', 'latin1');
  head.writeUInt32LE(directory, 4);
  head.writeUInt16LE(entries.length, directory);
  for (const [i, [tag, type, value]] of entries.entries()) {
    const at = directory + 2 + 12 * i;
    head.writeUInt16LE(tag, at);
    head.writeUInt16LE(type, at + 2);
    head.writeUInt32LE(tag === 258 ? 3 : 1, at + 4);
    head.writeUInt32LE(tag === 258 ? depths : tag === 273 ? head.length : value, at + 8);
  }
  for (let i = 0; i < 3; i++) head.writeUInt16LE(bits, depths + 2 * i);
  return Buffer.concat([head, strip]);
}

/** LZW of zeros, each code the longest that there is: a byte stands for some 1,300. */
function lzwZeros(length: number): Buffer {
  const out: number[] = [];
  let [held, bits, width, done] = [0, 0, 9, 0];
  const put = (code: number) => {
    held = (held << width) | code;
    for (bits += width; bits >= 8; bits -= 8) out.push((held >> (bits - 8)) & 255);
    held &= (1 << bits) - 1;
  };
  while (done < length) {
    put(256);
    width = 9;
    put(0);
    done++;
    for (let code = 258; code < 4094 && done < length; code++) {
      put(code);
      done += code - 256;
      // The width grows one code early.
      if (code + 2 >= 1 << width) width++;
    }
  }
  put(257);
  put(0);
  return Buffer.from(out);
}

/** Zstandard of zeros in blocks of one byte each, with the window of its usual levels. */
function zstandardZeros(length: number): Buffer {
  const block = 2 ** 17;
  const count = Math.ceil(length / block);
  const blocks = Array.from({ length: count }, (_, i) => {
    const size = Math.min(block, length - i * block);
    const head = (size << 3) | 2 | Number(i === count - 1);
    return [head & 255, (head >> 8) & 255, head >> 16, 0];
  });
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 12 << 3, ...blocks.flat()]);
}
