import { acOf, dcOf, lookOf, lookUp, reach } from './huffman';

/** Zeros before the first byte of the stream: more than one MCU can read beyond its end. */
export const slack: usize = 4096;

const firstBeyond: u32 = 64;

// The stream lies backwards, so that a little-endian load of eight bytes has the first of them on top. `streamLow` is the
// address after which the next byte to load lies, `streamWindow` holds `streamHeld` bits of the stream from the top.
let streamLow: usize = 0;
let streamWindow: u64 = 0;
let streamHeld: u32 = 0;
let streamEnd: usize = 0;

/** Whether the block that was read last has no coefficient but the first. */
export let isFlat: bool = false;
/** Whether a block of the segment holds a code that its table lacks. */
export let isDamaged: bool = false;

/** Starts to read the segment that begins below the address `from` and ends at `to`. */
export function openSegment(from: usize, to: usize): void {
  streamLow = from;
  streamEnd = to;
  streamWindow = 0;
  streamHeld = 0;
  isDamaged = false;
}

/** Leaves out the first `bits`, up to 7, of a segment that has just been opened. */
export function leaveOut(bits: u32): void {
  if (bits == 0) return;
  streamLow--;
  streamHeld = 8 - bits;
  streamWindow = <u64>load<u8>(streamLow) << (56 + bits);
}

/** Bits that are left of the segment; negative once more were read than there are. */
export function bitsLeft(): i32 {
  return <i32>(((<isize>streamLow - <isize>streamEnd) << 3) + streamHeld);
}

// The value of `size` bits that end `total` bits into the window; one that starts with 0 is negative, by its complement.
// @ts-ignore: decorator
@inline
function valueOf(window: u64, entry: u32): i32 {
  const size = (entry >> 5) & 15;
  const bits = window << ((entry & 31) - size);
  const sign = ~(<i64>bits >> 63);
  const magnitude = ((bits ^ sign) >> 1) >> (63 - size);
  return <i32>((<i64>magnitude ^ sign) - sign);
}

/**
 * Reads one block; `isFlat` and `isDamaged` tell of it.
 *
 * @param block 64 coefficients of 16 bits, all zero before.
 * @param predicted the DC coefficient of the block before.
 * @param tables the component's, as `areKnown` takes them.
 * @returns the DC coefficient.
 */
export function readBlock(block: usize, predicted: i32, tables: i32): i32 {
  return walk(block, predicted, dcOf(tables), acOf(tables), true);
}

/** `readBlock` of a block that nobody needs, but for its DC coefficient. */
export function skipBlock(predicted: i32, tables: i32): i32 {
  return walk(0, predicted, dcOf(tables), acOf(tables), false);
}

// Made twice, with and without stores. The stream's state is in variables of its own while it runs.
// @ts-ignore: decorator
@inline
function walk(block: usize, predicted: i32, dc: i32, ac: i32, keeps: bool): i32 {
  let low = streamLow;
  let window = streamWindow;
  let held = streamHeld;
  const look = lookOf(true, ac);

  window |= load<u64>(low - 8) >> held;
  low -= (63 - held) >> 3;
  held |= 56;
  let entry = lookUp(lookOf(false, dc), false, dc, window);
  const value = predicted + valueOf(window, entry);
  let isFound = entry != 0;
  if (keeps) store<i16>(block, <i16>value);
  window <<= entry & 31;
  held -= entry & 31;

  let k: u32 = 1;
  entry = lookUp(look, true, ac, window);
  k += entry >> 9;
  if (keeps) store<i16>(block + load<u8>(reach + k), <i16>valueOf(window, entry));
  window <<= entry & 31;
  held -= entry & 31;
  isFound = isFound && entry != 0;
  isFlat = k > firstBeyond;
  k++;
  while (k < firstBeyond && isFound) {
    window |= load<u64>(low - 8) >> held;
    low -= (63 - held) >> 3;
    held |= 56;
    entry = lookUp(look, true, ac, window);
    k += entry >> 9;
    if (keeps) store<i16>(block + load<u8>(reach + k), <i16>valueOf(window, entry));
    window <<= entry & 31;
    held -= entry & 31;
    isFound = entry != 0;
    if (++k >= firstBeyond || !isFound) break;
    entry = lookUp(look, true, ac, window);
    k += entry >> 9;
    if (keeps) store<i16>(block + load<u8>(reach + k), <i16>valueOf(window, entry));
    window <<= entry & 31;
    held -= entry & 31;
    isFound = entry != 0;
    k++;
  }
  streamLow = low;
  streamWindow = window;
  streamHeld = held;
  if (!isFound) isDamaged = true;
  return value;
}
