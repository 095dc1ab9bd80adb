import { bitsLeft, isDamaged, isFlat, leaveOut, openSegment, readBlock, skipBlock, slack } from './blocks';
import { fullRow, greyRow, halfRow, quarterRow } from './colour';
import { areKnown } from './huffman';
import { fillBlock, inverseTransform } from './inverse-transform';
import { gather, gatherPart, segmentCount, segmentEnd, segmentStart } from './stream';
import { places } from './zigzag';

const side = 8;
/** Readable and writable bytes on both sides of every row of a plane. */
const margin: usize = 32;
const bandBytes: usize = 128 * 1024;

const quants = memory.data(4 * 128, 64);
const block = memory.data(128, 64);

// The scan: luma's sampling factors (chroma's are 1), and tables of each component.
let channels: i32 = 0;
let across: i32 = 1;
let down: i32 = 1;
let lumaTables: i32 = 0;
let cbTables: i32 = 0;
let crTables: i32 = 0;

let imageWidth: i32 = 0;
let imageHeight: i32 = 0;
let restartInterval: i32 = 0;
let mcusAcross: i32 = 0;
let mcusDown: i32 = 0;

// The box, and the MCUs that touch it or the samples beside it.
let left: i32 = 0;
let boxWidth: i32 = 0;
let bottom: i32 = 0;
let firstMcu: i32 = 0;
let lastMcu: i32 = 0;
let firstMcuRow: i32 = 0;
let lastMcuRow: i32 = 0;

// A plane holds the last row of the MCU row before, then the rows of one MCU row; chroma's ends with a repeated one.
let lumaPlane: usize = 0;
let cbPlane: usize = 0;
let crPlane: usize = 0;
let lumaStride: usize = 0;
let chromaStride: usize = 0;
let row: usize = 0;
let band: usize = 0;

// Where the scan stands.
let mcuRow: i32 = 0;
let nextRow: i32 = 0;
let segment: i32 = 0;
let untilRestart: i32 = 0;
let lumaPredicted: i32 = 0;
let cbPredicted: i32 = 0;
let crPredicted: i32 = 0;

/** Bytes of a position: its bit in the file, counted from the scan's first, and the three components' DC coefficients before it. */
const positionBytes: usize = 16;

// Positions in the scan, one for every `apart` MCUs of each row, from its first on; none at 0.
let positions: usize = 0;
let apart: i32 = 1;
let positionsAcross: i32 = 0;
let scanFrom: usize = 0;
let scanTo: usize = 0;
let streamTop: usize = 0;

/** Reads a table of 64 bytes in zigzag order, as a DQT segment has it. */
export function quantTable(slot: i32, from: usize): void {
  const table = quants + <usize>slot * 128;
  for (let i: usize = 0; i < 64; i++) store<i16>(table + load<u8>(places + i), load<u8>(from + i));
}

/** Three components, luma sampled `h` x `v` as densely as chroma, or one; tables of component c: `quant_dc_ac` in 4 bits each. */
export function components(count: i32, h: i32, v: i32, luma: i32, cb: i32, cr: i32): bool {
  channels = count;
  across = h;
  down = v;
  lumaTables = luma;
  cbTables = cb;
  crTables = cr;
  return areKnown(luma) && (count == 1 || (areKnown(cb) && areKnown(cr)));
}

/**
 * Starts a scan, whose entropy-coded bytes lie from `from` up to `to`; `arena` and all above it is free.
 *
 * @returns false where the stream is not as a sound encoder writes it: its markers are looked at to the scan's end.
 */
export function begin(
  from: usize,
  to: usize,
  arena: usize,
  width: i32,
  height: i32,
  interval: i32,
  boxLeft: i32,
  boxTop: i32,
  boxRight: i32,
  boxBottom: i32,
): bool {
  positions = 0;
  restartInterval = interval;
  layOut(width, height, boxLeft, boxTop, boxRight, boxBottom);
  const mcus = mcusAcross * mcusDown;
  const most = interval > 0 ? (mcus + interval - 1) / interval : 1;
  const segments = (arena + 63) & ~63;
  if (!take(segments + ((<usize>most * 8 + 63) & ~63), to - from)) return false;
  if (gather(from, to, streamTop, segments, most, interval > 0) == 0) return false;
  if (segmentCount() != most) return false;
  segment = -1;
  untilRestart = 0;
  return openNext();
}

/**
 * Starts a sound scan without restarts, as `begin` does, of which positions are known: those lie at `known`, `every` MCUs apart. Only
 * what lies between those around the box is read.
 */
export function beginAt(
  from: usize,
  to: usize,
  arena: usize,
  width: i32,
  height: i32,
  boxLeft: i32,
  boxTop: i32,
  boxRight: i32,
  boxBottom: i32,
  known: usize,
  every: i32,
): bool {
  positions = known;
  apart = every;
  scanFrom = from;
  scanTo = to;
  restartInterval = 0;
  layOut(width, height, boxLeft, boxTop, boxRight, boxBottom);
  positionsAcross = (mcusAcross + every - 1) / every;
  if (!take(arena, to - from)) return false;
  mcuRow = firstMcuRow;
  return true;
}

function layOut(width: i32, height: i32, boxLeft: i32, boxTop: i32, boxRight: i32, boxBottom: i32): void {
  imageWidth = width;
  imageHeight = height;
  left = boxLeft;
  boxWidth = boxRight - boxLeft;
  bottom = boxBottom;
  const mcuWidth = side * across;
  const mcuHeight = side * down;
  mcusAcross = (width + mcuWidth - 1) / mcuWidth;
  mcusDown = (height + mcuHeight - 1) / mcuHeight;
  // Upsampling looks at the samples beside and, where it goes down too, above and below.
  firstMcu = max(boxLeft - 1, 0) / mcuWidth;
  lastMcu = min(boxRight, width - 1) / mcuWidth;
  firstMcuRow = max(boxTop - (down - 1), 0) / mcuHeight;
  lastMcuRow = min(boxBottom - 1 + (down - 1), height - 1) / mcuHeight;
  mcuRow = 0;
  nextRow = boxTop;
}

/** Takes memory from `arena` on, for a stream of so many bytes and for rows. @returns false where there is none. */
function take(arena: usize, streamBytes: usize): bool {
  const mcuHeight = side * down;
  lumaStride = margin * 2 + <usize>(mcusAcross * side * across);
  chromaStride = margin * 2 + <usize>(mcusAcross * side);
  const lumaBytes = lumaStride * <usize>(mcuHeight + 1);
  const chromaBytes: usize = channels == 1 ? 0 : chromaStride * <usize>(side + 2);
  const rowBytes = ((<usize>boxWidth + 64) * 3 + 63) & ~63;
  const lowest = (arena + 63) & ~63;
  streamTop = lowest + slack + streamBytes;
  let at = (streamTop + 63) & ~63;
  lumaPlane = at + margin;
  at += (lumaBytes + 63) & ~63;
  cbPlane = at + margin;
  at += (chromaBytes + 63) & ~63;
  crPlane = at + margin;
  at += (chromaBytes + 63) & ~63;
  row = at;
  at += rowBytes;
  band = at;
  at += max(bandBytes, rowBytes * <usize>(mcuHeight + 1)) + 64;
  const missing = <isize>at - (<isize>memory.size() << 16);
  if (missing > 0 && memory.grow(<i32>((missing + 65535) >> 16)) < 0) return false;

  memory.fill(lowest, 0, slack);
  memory.fill(block, 0, 128);
  return true;
}

/**
 * Finds positions in a scan that `begin` has started, whose bytes lie from `from` on and that has no restarts: every `every` MCUs of each row,
 * from its first on.
 *
 * @param table where they go.
 * @returns false where the scan is damaged, or goes on behind its last MCU.
 */
export function findPositions(from: usize, every: i32, table: usize): bool {
  const bits = bitsLeft();
  let at = from;
  let passed = 0;
  for (let y = 0; y < mcusDown; y++) {
    for (let mcu = 0; mcu < mcusAcross; mcu++) {
      if (mcu % every == 0) {
        const bit = bits - bitsLeft();
        // Past the zeros that are stuffed.
        for (; passed < bit >> 3; passed++) at += load<u8>(at) == 0xff ? 2 : 1;
        store<u32>(table, (<u32>(at - from) << 3) | <u32>(bit & 7));
        store<i32>(table, lumaPredicted, 4);
        store<i32>(table, cbPredicted, 8);
        store<i32>(table, crPredicted, 12);
        table += positionBytes;
      }
      skipMcu();
      if (isDamaged || bitsLeft() < 0) return false;
    }
  }
  return bitsLeft() < 8;
}

/** The address of the rows that `decodeRows` has made. */
export function rows(): usize {
  return band;
}

/**
 * Goes on with the scan.
 *
 * @returns rows of the box that were made, RGB without padding; 0 at the end; negative where the stream is damaged.
 */
export function decodeRows(): i32 {
  const stride = <usize>boxWidth * 3;
  const most = max(<i32>(bandBytes / stride), side * down + 1);
  let made = 0;
  while (nextRow < bottom && made + side * down + 1 <= most) {
    if (!(positions == 0 ? readMcuRow(mcuRow) : readFromPosition(mcuRow))) return -1;
    if (mcuRow >= firstMcuRow) {
      const until = mcuRow >= lastMcuRow ? bottom : min((mcuRow + 1) * side * down - (down - 1), bottom);
      if (channels > 1) {
        repeatSides(cbPlane);
        repeatSides(crPlane);
      }
      for (; nextRow < until; nextRow++, made++) makeRow(band + <usize>made * stride);
      keepLastRows();
    }
    mcuRow++;
  }
  return made;
}

function readMcuRow(at: i32): bool {
  const isWanted = at >= firstMcuRow;
  for (let mcu = 0; mcu < mcusAcross; mcu++) {
    if (restartInterval > 0) {
      if (untilRestart == 0 && !openNext()) return false;
      untilRestart--;
    }
    if (isWanted && mcu >= firstMcu && mcu <= lastMcu) readMcu(mcu);
    else skipMcu();
    if (isDamaged || bitsLeft() < 0) return false;
  }
  return true;
}

/** What of an MCU row lies between the positions around the box. */
function readFromPosition(at: i32): bool {
  const first = firstMcu / apart;
  const here = positions + <usize>(at * positionsAcross + first) * positionBytes;
  const next = at * positionsAcross + min(lastMcu / apart + 1, positionsAcross);
  const bit = load<u32>(here);
  const from = scanFrom + (bit >> 3);
  // Where the next one lies, bits of that byte may be of this part.
  const isLast = next == positionsAcross * mcusDown;
  const to = isLast ? scanTo : scanFrom + (load<u32>(positions + <usize>next * positionBytes) >> 3) + 1;
  if (from >= to || to > scanTo) return false;
  openSegment(streamTop, gatherPart(from, to, streamTop));
  leaveOut(bit & 7);
  lumaPredicted = load<i32>(here, 4);
  cbPredicted = load<i32>(here, 8);
  crPredicted = load<i32>(here, 12);
  for (let mcu = first * apart; mcu <= lastMcu; mcu++) {
    if (mcu >= firstMcu) readMcu(mcu);
    else skipMcu();
    if (isDamaged || bitsLeft() < 0) return false;
  }
  return true;
}

function openNext(): bool {
  // libjpeg skips what an encoder left before a restart; a sound one leaves less than a byte.
  if (segment >= 0 && bitsLeft() >= 8) return false;
  if (++segment >= segmentCount()) return false;
  openSegment(segmentStart(segment), segmentEnd(segment));
  untilRestart = restartInterval;
  lumaPredicted = 0;
  cbPredicted = 0;
  crPredicted = 0;
  return true;
}

function readMcu(mcu: i32): void {
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      const out = lumaPlane + <usize>(1 + y * side) * lumaStride + <usize>((mcu * across + x) * side);
      lumaPredicted = readPixels(lumaPredicted, lumaTables, out, lumaStride);
    }
  }
  if (channels == 1) return;
  const out = chromaStride + <usize>(mcu * side);
  cbPredicted = readPixels(cbPredicted, cbTables, cbPlane + out, chromaStride);
  crPredicted = readPixels(crPredicted, crTables, crPlane + out, chromaStride);
}

// Reads a block and writes its pixels; a damaged one's too, which nobody sees.
// @ts-ignore: decorator
@inline
function readPixels(predicted: i32, tables: i32, out: usize, stride: usize): i32 {
  const value = readBlock(block, predicted, tables);
  const table = quants + <usize>(tables >> 8) * 128;
  if (isFlat) fillBlock(block, table, out, stride);
  else inverseTransform(block, table, out, stride);
  return value;
}

function skipMcu(): void {
  for (let i = across * down; i > 0; i--) lumaPredicted = skipBlock(lumaPredicted, lumaTables);
  if (channels == 1) return;
  cbPredicted = skipBlock(cbPredicted, cbTables);
  crPredicted = skipBlock(crPredicted, crTables);
}

// Samples beyond the image's edges repeat those at the edges.
function repeatSides(plane: usize): void {
  const samples = <usize>((imageWidth + across - 1) / across);
  for (let y = 1; y <= side; y++) {
    const at = plane + <usize>y * chromaStride;
    store<u8>(at - 1, load<u8>(at));
    store<u8>(at + samples, load<u8>(at + samples - 1));
  }
  if (mcuRow == 0) copyRow(plane, plane + chromaStride, chromaStride);
  const below = (imageHeight + down - 1) / down - mcuRow * side;
  if (below > side) return;
  const last = plane + <usize>below * chromaStride;
  copyRow(last + chromaStride, last, chromaStride);
}

// Whole rows with their margins.
// @ts-ignore: decorator
@inline
function copyRow(to: usize, from: usize, stride: usize): void {
  memory.copy(to - margin, from - margin, stride);
}

function keepLastRows(): void {
  if (down == 1) return;
  copyRow(lumaPlane, lumaPlane + <usize>(side * down) * lumaStride, lumaStride);
  copyRow(cbPlane, cbPlane + <usize>side * chromaStride, chromaStride);
  copyRow(crPlane, crPlane + <usize>side * chromaStride, chromaStride);
}

function makeRow(out: usize): void {
  // Whole groups of pixels from an even one on, then the row of the box.
  const even = left & ~1;
  const offset = left - even;
  const width = boxWidth + offset;
  const y = nextRow - mcuRow * side * down;
  const luma = lumaPlane + <usize>((y + 1) * <i32>lumaStride) + <usize>even;
  if (channels == 1) greyRow(row, luma, width);
  else {
    const sampleRow = down == 1 ? y : y >> 1;
    const sample = <usize>((sampleRow + 1) * <i32>chromaStride) + <usize>(across == 1 ? even : even >> 1);
    const cb = cbPlane + sample;
    const cr = crPlane + sample;
    if (across == 1) fullRow(row, luma, cb, cr, width);
    else if (down == 1) halfRow(row, luma, cb, cr, width);
    else quarterRow(row, luma, cb, cr, (y & 1) == 0 ? -<isize>chromaStride : <isize>chromaStride, width);
  }
  memory.copy(out, row + <usize>offset * 3, <usize>boxWidth * 3);
}
