import type { Box } from '../sample/draw.js';
import type { Crop, ImageSize } from './crop.js';
import { dropJpegModule, type JpegModule, jpegModule } from './jpeg-module.js';
import { type Component, type JpegTables, readTables } from './jpeg-tables.js';

/**
 * Larger files are left to libvips, which costs them little more: a thread's decoder holds at most some 8 MB, and is done
 * long before any time limit.
 */
const mostBytes = 2 * 1024 * 1024;
const mostPixels = 2 ** 24;
/** Narrower images have chroma of so few samples that libjpeg repeats them. */
const leastWidth = 5;

/**
 * Decodes a box of a JPEG as libjpeg-turbo does, byte for byte: the accurate integer transform, smooth ("fancy") upsampling,
 * and the colours of JFIF. Coefficients are read up to the box's last row, but only the blocks of the box are transformed.
 *
 * It takes what nearly all datasets consist of: one scan of Huffman-coded 8-bit samples, grey or YCbCr with chroma as
 * dense as luma (4:4:4), half as dense (4:2:2) or a quarter (4:2:0).
 *
 * @param box not empty, and inside the image.
 * @returns null for every other file, for one with any damage above the box's last row: then libvips
 *   must say what becomes of it.
 */
export function decodeBaselineJpeg(bytes: Buffer, size: ImageSize, box: Box): Crop | null {
  if (bytes.length > mostBytes || size.width * size.height > mostPixels || size.width < leastWidth) return null;
  const tables = readTables(bytes);
  const sampling = tables && samplingOf(tables.components);
  if (tables === null || sampling === null) return null;
  try {
    return decode(jpegModule(), bytes, size, box, tables, sampling);
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    dropJpegModule();
    return null;
  }
}

/** How much denser luma is than chroma. */
interface Sampling {
  readonly across: number;
  readonly down: number;
}

function samplingOf(components: readonly Component[]): Sampling | null {
  const [luma, ...chroma] = components;
  if (components.some(({ across, down }) => !isFactor(across) || !isFactor(down))) return null;
  // The only component of a scan has one block an MCU, whatever its factors.
  if (chroma.length === 0) return { across: 1, down: 1 };
  if (chroma.some(({ across, down }) => across !== 1 || down !== 1)) return null;
  const { across, down } = luma!;
  const isKnown = (across === 1 && down === 1) || (across === 2 && (down === 1 || down === 2));
  return isKnown ? { across, down } : null;
}

function isFactor(factor: number): boolean {
  return factor >= 1 && factor <= 4;
}

function decode(
  module: JpegModule,
  bytes: Buffer,
  { width, height }: ImageSize,
  box: Box,
  tables: JpegTables,
  { across, down }: Sampling,
): Crop | null {
  const file = module.arenaStart();
  const end = file + bytes.length;
  const missing = end + 64 - module.memory.buffer.byteLength;
  if (missing > 0) module.memory.grow(Math.ceil(missing / 65536));
  new Uint8Array(module.memory.buffer).set(bytes, file);
  module.clearTables();
  for (const { slot, at } of tables.quants) module.quantTable(slot, file + at);
  for (const { slot, isAc, at } of tables.huffmans) if (!module.huffmanTable(isAc, slot, file + at)) return null;
  const slots = tables.components.map(({ quant, dc, ac }) => (quant << 8) | (dc << 4) | ac);
  if (!module.components(slots.length, across, down, slots[0]!, slots[1] ?? 0, slots[2] ?? 0)) return null;
  const right = box.left + box.width;
  const bottom = box.top + box.height;
  const from = file + tables.scan;
  const { restartInterval } = tables;
  if (!module.begin(from, end, end + 64, width, height, restartInterval, box.left, box.top, right, bottom)) return null;

  const data = Buffer.allocUnsafeSlow(box.width * box.height * 3);
  const memory = new Uint8Array(module.memory.buffer);
  for (let at = 0; at < data.length; ) {
    const rows = module.decodeRows();
    if (rows <= 0) return null;
    const length = rows * box.width * 3;
    data.set(memory.subarray(module.rows(), module.rows() + length), at);
    at += length;
  }
  return { data, width: box.width, height: box.height };
}
