import type { Limits } from '../run/limits.js';
import type { Box } from '../sample/draw.js';
import type { Crop } from './crop.js';
import { cropBuffer } from './crop-buffers.js';
import { decodeModule, dropDecodeModule } from './decode-module.js';
import { decodeTimeout } from './decode-timeout.js';
import type { Instance } from './instantiate.js';
import type { Component, JpegTables } from './jpeg-tables.js';
import { endsWell } from './jpeg-walk.js';
import { decodePositions, encodePositions, positionWords } from './scan-positions.js';

/** Above this a module's memory, which can only grow, is given up after the file: it holds the file twice. */
const memoryBound = 16 * 1024 * 1024;
/** Narrower images have chroma of so few samples that libjpeg repeats them. */
const leastWidth = 5;
/** Pixels from one position of a row to the next. */
const positionPixels = 96;
/** An image of more positions, of 200 megapixels at the least, does without. */
const mostPositions = 1 << 18;
/** Bits of longer files have no number of 32 bits. */
const mostPositionedBytes = 2 ** 28;

/**
 * Decodes a box of a JPEG as libjpeg-turbo does, byte for byte: the accurate integer transform, smooth ("fancy") upsampling,
 * and the colours of JFIF. Coefficients are read up to the box's last row, but only the blocks of the box are transformed.
 *
 * It takes what nearly all datasets consist of: one scan of Huffman-coded 8-bit samples, grey or YCbCr with chroma as
 * dense as luma (4:4:4), half as dense (4:2:2) or a quarter (4:2:0).
 *
 * @param tables what `readTables` read of these bytes.
 * @param box not empty, and inside the image.
 * @param positions what `findPositions` found in these bytes, or bytes that are none; they change no pixel.
 * @throws TributaryError DECODE_TIMEOUT beyond `seconds`.
 * @returns null for every other file, for one with any damage above the box's last row, and for one whose markers are not
 *   those of a sound file to its end: then others must say what becomes of it.
 */
export function decodeBaselineJpeg(
  bytes: Buffer,
  tables: JpegTables,
  box: Box,
  { seconds }: Pick<Limits, 'seconds'>,
  positions?: Uint8Array | null,
): Crop | null {
  const deadline = performance.now() + seconds * 1000;
  return (
    (positions &&
      withModule(bytes, tables, (scan) => startAt(scan, box, positions) && decodeBox(scan, box, deadline, seconds))) ||
    withModule(bytes, tables, (scan) => start(scan, box) && decodeBox(scan, box, deadline, seconds))
  );
}

/**
 * Finds positions in a JPEG's scan from which `decodeBaselineJpeg` can go on, so that it need not read what comes before.
 *
 * @returns what to keep of them; null for a file that it does not take, that is not sound to its end, or that has restarts.
 */
export function findPositions(bytes: Buffer, tables: JpegTables): Buffer | null {
  return withModule(bytes, tables, (scan) => {
    const { run, file, end } = scan;
    const { every, count } = gridOf(scan);
    if (!isPositioned(scan, count)) return null;
    const table = aligned(end);
    const room = table + count * positionWords * 4;
    grow(scan, room);
    if (!start(scan, { left: 0, top: 0, width: 1, height: 1 }, room)) return null;
    if (!run.findPositions!(file + tables.scan, every, table)) return null;
    const found = new Uint32Array(scan.memory.buffer, table, count * positionWords);
    return encodePositions(bytes, found, tables.components.length);
  });
}

/** How much denser luma is than chroma. */
interface Sampling {
  readonly across: number;
  readonly down: number;
}

/** A file in the module's memory, from `file` to `end`. */
interface LoadedScan extends Instance {
  readonly bytes: Buffer;
  readonly tables: JpegTables;
  readonly sampling: Sampling;
  readonly file: number;
  readonly end: number;
}

/** Loads a file and acts on it; null where it is not one that is taken, or the module trapped. */
function withModule<T>(bytes: Buffer, tables: JpegTables, act: (scan: LoadedScan) => T | null | false): T | null {
  const sampling = samplingOf(tables.components);
  if (tables.width < leastWidth || sampling === null) return null;
  try {
    const scan = loaded(bytes, tables, sampling);
    return (scan && act(scan)) || null;
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    dropDecodeModule();
    return null;
  } finally {
    dropDecodeModule(memoryBound);
  }
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

function loaded(bytes: Buffer, tables: JpegTables, sampling: Sampling): LoadedScan | null {
  const { memory, run } = decodeModule();
  const file = run.arenaStart!();
  const end = file + bytes.length;
  const scan = { memory, run, bytes, tables, sampling, file, end };
  grow(scan, end + 64);
  new Uint8Array(memory.buffer).set(bytes, file);
  run.clearTables!();
  for (const { slot, at } of tables.quants) run.quantTable!(slot, file + at);
  for (const { slot, isAc, at } of tables.huffmans) if (!run.huffmanTable!(Number(isAc), slot, file + at)) return null;
  const slots = tables.components.map(({ quant, dc, ac }) => (quant << 8) | (dc << 4) | ac);
  const { across, down } = sampling;
  return run.components!(slots.length, across, down, slots[0]!, slots[1] ?? 0, slots[2] ?? 0) ? scan : null;
}

function grow({ memory }: LoadedScan, end: number): void {
  const missing = end - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65536));
}

const aligned = (address: number): number => Math.ceil((address + 64) / 64) * 64;

/** Starts at the scan's first byte. @returns whether its markers are those of a sound file to its end. */
function start({ run, bytes, tables, file, end }: LoadedScan, box: Box, arena = end + 64): boolean {
  const { width, height, restartInterval, scan } = tables;
  const { left, top } = box;
  const [right, bottom] = [left + box.width, top + box.height];
  const isSound = run.begin!(file + scan, end, arena, width, height, restartInterval, left, top, right, bottom);
  return Boolean(isSound) && endsWell(bytes, run.scanEnd!() - 2 - file);
}

/** Starts where the box does: what `findPositions` found sound is not looked at again. @returns false where the positions are not these bytes'. */
function startAt(scan: LoadedScan, box: Box, positions: Uint8Array): boolean {
  const { run, memory, bytes, tables, file, end } = scan;
  const { every, count } = gridOf(scan);
  if (!isPositioned(scan, count)) return false;
  const table = aligned(end);
  const room = table + count * positionWords * 4;
  grow(scan, room);
  const into = new Uint32Array(memory.buffer, table, count * positionWords);
  const bits = (bytes.length - tables.scan) * 8;
  if (!decodePositions(positions, bytes, into, tables.components.length, bits)) return false;
  const { width, height } = tables;
  const { left, top } = box;
  const [right, bottom] = [left + box.width, top + box.height];
  return Boolean(run.beginAt!(file + tables.scan, end, room, width, height, left, top, right, bottom, table, every));
}

/** MCUs from one position of a row to the next, and positions in all. */
function gridOf({ tables, sampling }: LoadedScan): { every: number; count: number } {
  const [mcuWidth, mcuHeight] = [8 * sampling.across, 8 * sampling.down];
  const every = positionPixels / mcuWidth;
  const count = Math.ceil(tables.width / positionPixels) * Math.ceil(tables.height / mcuHeight);
  return { every, count };
}

function isPositioned({ bytes, tables }: LoadedScan, count: number): boolean {
  return tables.restartInterval === 0 && count <= mostPositions && bytes.length < mostPositionedBytes;
}

/** Null where the scan is damaged above the box's last row. */
function decodeBox({ run, memory }: LoadedScan, box: Box, deadline: number, seconds: number): Crop | null {
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
