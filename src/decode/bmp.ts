import type { Box } from '../sample/draw.js';
import { corruptSample } from './corrupt.js';
import type { Crop } from './crop.js';
import { cropBuffer } from './crop-buffers.js';
import { clockOf } from './decode-timeout.js';
import type { Format } from './header.js';
import { fullPalette, writeColour } from './indexed.js';

/** How a pixel lies in a row of bytes, after Pillow's raw modes. */
type Layout =
  | { readonly kind: 'index'; readonly bits: number; readonly palette: Buffer }
  | {
      readonly kind: 'bytes';
      readonly bits: number;
      readonly red: number;
      readonly green: number;
      readonly blue: number;
    }
  | { readonly kind: 'fields'; readonly bits: 16; readonly green: number };

interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly layout: Layout;
  /** Where the pixels begin, and bytes from a row to the next. */
  readonly data: number;
  readonly stride: number;
  readonly isTopDown: boolean;
  /** Run-length coding of 8 or 4 bits, or 0. */
  readonly runs: 0 | 4 | 8;
}

const orders = {
  BGR: { bits: 24, red: 2, green: 1, blue: 0 },
  BGRX: { bits: 32, red: 2, green: 1, blue: 0 },
  XBGR: { bits: 32, red: 3, green: 2, blue: 1 },
  RGBX: { bits: 32, red: 0, green: 1, blue: 2 },
} as const;
const bytesOf = (order: keyof typeof orders): Layout => ({ kind: 'bytes', ...orders[order] });
const five = { kind: 'fields', bits: 16, green: 5 } as const;

/** The masks that Pillow knows, in hexadecimal: red, green, blue, alpha. */
const masked: Readonly<Record<string, Layout>> = {
  '32:ff0000,ff00,ff,0': bytesOf('BGRX'),
  '32:ff0000,ff00,ff,ff000000': bytesOf('BGRX'),
  '32:0,0,0,0': bytesOf('BGRX'),
  '32:ff000000,ff0000,ff00,0': bytesOf('XBGR'),
  '32:ff000000,ff0000,ff00,ff': bytesOf('XBGR'),
  '32:ff,ff00,ff0000,ff000000': bytesOf('RGBX'),
  '24:ff0000,ff00,ff': bytesOf('BGR'),
  '16:f800,7e0,1f': { ...five, green: 6 },
  '16:7c00,3e0,1f': five,
};

/** Rows, and pixels, between two looks at the clock. */
const [someRows, stretch] = [256, 1024 * 1024];

/** BMP: 1 to 32 bits, run-length coded too, bottom up or top down. Alpha is left out. */
export const bmp: Format = {
  name: 'bmp',
  matches: (bytes) => bytes.toString('latin1', 0, 2) === 'BM',
  read(bytes) {
    const bitmap = readBitmap(bytes);
    if (bitmap === null || bitmap.width === 0 || bitmap.height === 0) return null;
    const { width, height, runs } = bitmap;
    return {
      width,
      height,
      memory: runs === 0 ? 0 : width * height,
      decode: (same, box, { seconds }) => decode(same, bitmap, box, clockOf(seconds)),
    };
  },
};

/**
 * Source: Pillow 9.4 BmpImagePlugin.py, `_bitmap`.
 *
 * @returns null where Pillow refuses the file.
 */
function readBitmap(file: Buffer): Bitmap | null {
  if (file.length < 18) return null;
  const size = file.readUInt32LE(14);
  if (![12, 40, 64, 108, 124].includes(size) || file.length < 14 + size) return null;
  const head = file.subarray(18, 14 + size);
  const isOld = size === 12;
  const isTopDown = !isOld && head[7] === 0xff;
  const width = isOld ? head.readUInt16LE(0) : head.readUInt32LE(0);
  const rows = isOld ? head.readUInt16LE(2) : head.readUInt32LE(4);
  const height = isTopDown ? 2 ** 32 - rows : rows;
  const bits = head.readUInt16LE(isOld ? 6 : 10);
  const compression = isOld ? 0 : head.readUInt32LE(12);
  let palette = 14 + size;
  let layout: Layout | null = null;
  if (compression === 3) {
    const from = head.length >= 52 ? head.subarray(36) : file.subarray(palette);
    if (head.length < 52) palette += 12;
    if (from.length < 12) return null;
    const masks = [0, 4, 8].map((at) => from.readUInt32LE(at));
    if (bits === 32) masks.push(head.length >= 52 ? from.readUInt32LE(12) : 0);
    layout = masked[`${bits}:${masks.map((mask) => mask.toString(16)).join(',')}`] ?? null;
    if (layout === null) return null;
  } else if (compression > 2) return null;
  const colours = (isOld ? 0 : head.readUInt32LE(28)) || 2 ** Math.min(bits, 32);
  const given = file.readUInt32LE(10);
  let data = given;
  if (given === 14 + size && bits <= 8) data += 4 * colours;
  const runs = compression === 1 ? 8 : compression === 2 ? 4 : 0;
  if (bits === 1 || bits === 4 || bits === 8) {
    const padding = isOld ? 3 : 4;
    if (colours > 65536) return null;
    const end = palette + padding * colours;
    layout = indexLayout(file.subarray(palette, end), colours, bits, padding, runs);
    palette = Math.min(file.length, end);
  } else layout ??= ({ 16: five, 24: bytesOf('BGR'), 32: bytesOf('BGRX') } as Record<number, Layout>)[bits] ?? null;
  if (layout === null || (runs !== 0 && layout.kind !== 'index')) return null;
  // Pillow lets a row end on a word of 32 bits.
  const stride = (Math.floor((width * bits + 31) / 8) & ~3) >>> 0;
  if (runs === 0 && stride < Math.ceil((width * layout.bits) / 8)) return null;
  return { width, height, layout, data: data || palette, stride, isTopDown, runs };
}

/** A palette that is grey from its first index on is none to Pillow, and one of black and white makes pixels of one bit. */
function indexLayout(entries: Buffer, colours: number, bits: number, padding: number, runs: number): Layout | null {
  const isGrey = Array.from({ length: colours }, (_, i) => i).every((i) => {
    const level = (colours === 2 ? i * 255 : i) & 255;
    return [0, 1, 2].every((channel) => entries[i * padding + channel] === level);
  });
  if (isGrey && colours === 2) {
    if (runs !== 0) return null;
    return { kind: 'index', bits: 1, palette: fullPalette(Buffer.of(0, 0, 0, 255, 255, 255)) };
  }
  if (isGrey) return { kind: 'index', bits: 8, palette: fullPalette(null) };
  const count = Math.floor(entries.length / padding);
  if (count > 256) return null;
  const palette = Buffer.alloc(count * 3);
  for (let i = 0; i < count; i++)
    for (let channel = 0; channel < 3; channel++) palette[i * 3 + channel] = entries[i * padding + 2 - channel]!;
  return { kind: 'index', bits: runs === 0 ? bits : 8, palette: fullPalette(palette) };
}

function decode(file: Buffer, bitmap: Bitmap, box: Box, check: () => void): Crop {
  const { width, height, layout, runs, isTopDown } = bitmap;
  const pixels = runs === 0 ? file.subarray(Math.min(file.length, bitmap.data)) : readRuns(file, bitmap, check);
  const stride = runs === 0 ? bitmap.stride : width;
  const rowBytes = Math.ceil((width * layout.bits) / 8);
  // The last row does without its padding.
  if (pixels.length < stride * (height - 1) + rowBytes) throw corruptSample('data', 'a BMP file that ends too early');
  const { data, give } = cropBuffer(box.width * box.height * 3);
  try {
    for (let y = 0, to = 0; y < box.height; y++) {
      if (y % someRows === 0) check();
      const row = (isTopDown ? box.top + y : height - 1 - box.top - y) * stride;
      for (let x = box.left; x < box.left + box.width; x++, to += 3) {
        if (x % stretch === 0) check();
        writePixel(pixels, row, x, layout, data, to);
      }
    }
  } catch (error) {
    give();
    throw error;
  }
  return { data, width: box.width, height: box.height, give };
}

function writePixel(pixels: Buffer, row: number, x: number, layout: Layout, out: Buffer, to: number): void {
  if (layout.kind === 'bytes') {
    const at = row + (x * layout.bits) / 8;
    out[to] = pixels[at + layout.red]!;
    out[to + 1] = pixels[at + layout.green]!;
    out[to + 2] = pixels[at + layout.blue]!;
  } else if (layout.kind === 'fields') {
    const value = pixels[row + 2 * x]! | (pixels[row + 2 * x + 1]! << 8);
    const most = (1 << layout.green) - 1;
    out[to] = Math.floor((((value >> (5 + layout.green)) & 31) * 255) / 31);
    out[to + 1] = Math.floor((((value >> 5) & most) * 255) / most);
    out[to + 2] = Math.floor(((value & 31) * 255) / 31);
  } else {
    const bit = x * layout.bits;
    const index = (pixels[row + (bit >> 3)]! >> (8 - layout.bits - (bit & 7))) & ((1 << layout.bits) - 1);
    writeColour(layout.palette, index, out, to);
  }
}

/** Source: Pillow 9.4 BmpImagePlugin.py, `BmpRleDecoder`. */
function readRuns(file: Buffer, { width, height, data: start, runs }: Bitmap, check: () => void): Buffer {
  const total = width * height;
  // A run can go beyond the end, and is cut there.
  const out = Buffer.alloc(total + 65536 * 2);
  let [at, to, x] = [start, 0, 0];
  const put = (value: number) => {
    if (to < out.length) out[to] = value;
    to++;
  };
  let look = 0;
  while (to < total) {
    if (to >= look) {
      check();
      look = to + stretch;
    }
    if (at + 2 > file.length) break;
    const [count, value] = [file[at]!, file[at + 1]!];
    at += 2;
    if (count > 0) {
      const pixels = x + count > width ? Math.max(0, width - x) : count;
      for (let i = 0; i < pixels; i++) put(runs === 8 ? value : i % 2 === 0 ? value >> 4 : value & 15);
      x += pixels;
    } else if (value === 0) {
      while (to % width !== 0) put(0);
      x = 0;
    } else if (value === 1) break;
    else if (value === 2) {
      if (at + 4 > file.length) break;
      // Pillow reads two bytes, and takes the next two.
      to += file[at + 2]! + file[at + 3]! * width;
      at += 4;
      x = to % width;
    } else {
      const bytes = runs === 8 ? value : value >> 1;
      const literal = file.subarray(at, at + bytes);
      for (const each of literal) {
        if (runs === 8) put(each);
        else {
          put(each >> 4);
          put(each & 15);
        }
      }
      if (literal.length < bytes) break;
      at += bytes;
      x += value;
      if (at % 2 !== 0) at++;
    }
  }
  return out.subarray(0, Math.min(to, total));
}
