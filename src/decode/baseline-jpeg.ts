import type { Limits } from '../run/limits.js';
import type { Box } from '../sample/draw.js';
import type { Crop } from './crop.js';
import { cropBuffer } from './crop-buffers.js';
import { decodeModule, dropDecodeModule } from './decode-module.js';
import { decodeTimeout } from './decode-timeout.js';
import type { Component, JpegTables } from './jpeg-tables.js';
import { endsWell } from './jpeg-walk.js';

/** Above this a module's memory, which can only grow, is given up after the file: it holds the file twice. */
const memoryBound = 16 * 1024 * 1024;
/** Narrower images have chroma of so few samples that libjpeg repeats them. */
const leastWidth = 5;

/**
 * Decodes a box of a JPEG as libjpeg-turbo does, byte for byte: the accurate integer transform, smooth ("fancy") upsampling,
 * and the colours of JFIF. Coefficients are read up to the box's last row, but only the blocks of the box are transformed.
 *
 * It takes what nearly all datasets consist of: one scan of Huffman-coded 8-bit samples, grey or YCbCr with chroma as
 * dense as luma (4:4:4), half as dense (4:2:2) or a quarter (4:2:0).
 *
 * @param tables what `readTables` read of these bytes.
 * @param box not empty, and inside the image.
 * @throws TributaryError DECODE_TIMEOUT beyond `seconds`.
 * @returns null for every other file, for one with any damage above the box's last row, and for one whose markers are not
 *   those of a sound file to its end: then others must say what becomes of it.
 */
export function decodeBaselineJpeg(
  bytes: Buffer,
  tables: JpegTables,
  box: Box,
  { seconds }: Pick<Limits, 'seconds'>,
): Crop | null {
  const sampling = samplingOf(tables.components);
  if (tables.width < leastWidth || sampling === null) return null;
  try {
    return decode(bytes, box, tables, sampling, seconds);
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    dropDecodeModule();
    return null;
  } finally {
    dropDecodeModule(memoryBound);
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

function decode(bytes: Buffer, box: Box, tables: JpegTables, { across, down }: Sampling, seconds: number): Crop | null {
  const deadline = performance.now() + seconds * 1000;
  const { memory, run } = decodeModule();
  const file = run.arenaStart!();
  const end = file + bytes.length;
  const missing = end + 64 - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65536));
  new Uint8Array(memory.buffer).set(bytes, file);
  run.clearTables!();
  for (const { slot, at } of tables.quants) run.quantTable!(slot, file + at);
  for (const { slot, isAc, at } of tables.huffmans) if (!run.huffmanTable!(Number(isAc), slot, file + at)) return null;
  const slots = tables.components.map(({ quant, dc, ac }) => (quant << 8) | (dc << 4) | ac);
  if (!run.components!(slots.length, across, down, slots[0]!, slots[1] ?? 0, slots[2] ?? 0)) return null;
  const right = box.left + box.width;
  const bottom = box.top + box.height;
  const from = file + tables.scan;
  const { width, height, restartInterval } = tables;
  if (!run.begin!(from, end, end + 64, width, height, restartInterval, box.left, box.top, right, bottom)) return null;
  if (!endsWell(bytes, run.scanEnd!() - 2 - file)) return null;

  const { data, give } = cropBuffer(box.width * box.height * 3);
  const view = new Uint8Array(memory.buffer);
  let at = 0;
  try {
    while (at < data.length) {
      const rows = run.decodeRows!();
      if (rows <= 0) return null;
      if (performance.now() > deadline) throw decodeTimeout(seconds, 'one that was not done by then');
      const length = rows * box.width * 3;
      data.set(view.subarray(run.rows!(), run.rows!() + length), at);
      at += length;
    }
    return { data, width: box.width, height: box.height, give };
  } finally {
    if (at < data.length) give();
  }
}
