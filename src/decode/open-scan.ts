import { pillowChunk, type Tables } from './jpeg-segments.js';
import type { Component } from './jpeg-tables.js';

const lookAhead = 8;
const longest = 16;
/** MCUs between two looks at the clock. */
const someMcus = 4096;

/** The stream without the zeros stuffed after 0xff, and where each of its bytes ends in the file. */
interface Stream {
  readonly data: Uint8Array;
  readonly ends: Uint32Array;
  readonly length: number;
}

/** By the next 16 bits: a code's length above its symbol. 17 bits, and symbol 0, where there is no code. */
export type Codes = Uint16Array;

/**
 * Whether libjpeg gets through the last segment of a scan that no marker closes, before it wants bytes that the file does not
 * have. It wants them a little before it needs them: it fills a window of 64 bits, by six bytes or to its top, and starts an MCU
 * anew when it had to stop. All of that decides, and is followed here; it is slow, and for such files alone.
 *
 * Source: libjpeg-turbo 2.1.5 jdhuff.c, `decode_mcu`, `decode_mcu_fast`, `decode_mcu_slow`, `jpeg_fill_bit_buffer`.
 *
 * @param from where the segment begins.
 * @param isFast whether the scan has no restarts.
 * @param check runs now and then.
 */
export function holdsSegment(
  file: Buffer,
  from: number,
  mcus: number,
  components: readonly Component[],
  { dc, ac }: Tables,
  isFast: boolean,
  check: () => void,
): boolean {
  const tables = components.flatMap((component) => [dc.get(component.dc)!, ac.get(component.ac)!]);
  // Of the standard's tables, which stand in for those that a file does without, the codes are not at hand.
  if (tables.some((table) => table.length === longest)) return false;
  const blocks = components.flatMap((component) => {
    const count = components.length === 1 ? 1 : component.across * component.down;
    const codes = [codesOf(dc.get(component.dc)!), codesOf(ac.get(component.ac)!)] as const;
    return Array.from({ length: count }, () => codes);
  });
  const stream = unstuffed(file, from);
  const window = { stream, bit: 0, loaded: 0, end: Math.ceil((from + 1) / pillowChunk) * pillowChunk, isFast };
  for (let mcu = 0; mcu < mcus; ) {
    if (mcu % someMcus === 0) check();
    const { bit, loaded } = window;
    const at = loaded === 0 ? from : stream.ends[loaded - 1]!;
    window.isFast = isFast && Math.min(window.end, file.length) - at >= 512 * blocks.length;
    if (blocks.every(([dcCodes, acCodes]) => readBlock(window, dcCodes, acCodes))) {
      mcu++;
      continue;
    }
    if (window.end >= file.length) return false;
    Object.assign(window, { bit, loaded, end: window.end + pillowChunk });
  }
  return true;
}

interface Window {
  readonly stream: Stream;
  /** Bits read, and bytes that are in the window or have been. */
  bit: number;
  loaded: number;
  /** Where the bytes that libjpeg has been given end. */
  end: number;
  isFast: boolean;
}

function unstuffed(file: Buffer, from: number): Stream {
  const data = new Uint8Array(file.length - from + 4);
  const ends = new Uint32Array(file.length - from);
  let length = 0;
  for (let at = from; at < file.length; ) {
    const value = file[at++]!;
    if (value === 0xff) {
      while (at < file.length && file[at] === 0xff) at++;
      // The zero of a stuffed byte; nothing else comes before the file's end.
      if (at++ >= file.length) break;
    }
    ends[length] = at;
    data[length++] = value;
  }
  return { data, ends, length };
}

export function codesOf(table: Buffer): Codes {
  const codes: Codes = new Uint16Array(1 << longest).fill((longest + 1) << 8);
  let code = 0;
  let symbol = longest;
  for (let length = 1; length <= longest; length++, code <<= 1)
    for (let i = table[length - 1]!; i > 0; i--, code++, symbol++) {
      const first = code << (longest - length);
      codes.fill((length << 8) | table[symbol]!, first, first + (1 << (longest - length)));
    }
  return codes;
}

/** Fills the window for `bits` to come. @returns false where libjpeg has to wait. */
function fill(window: Window, bits: number): boolean {
  const { stream } = window;
  const held = window.loaded * 8 - window.bit;
  if (window.isFast) {
    if (held <= 16) window.loaded += 6;
    return true;
  }
  if (held >= bits) return true;
  while (window.loaded * 8 - window.bit < 57) {
    if (window.loaded >= stream.length || stream.ends[window.loaded]! > window.end) return false;
    window.loaded++;
  }
  return true;
}

/** @returns the symbol, or -1 where libjpeg has to wait. */
function readSymbol(window: Window, codes: Codes): number {
  if (!fill(window, lookAhead)) return -1;
  const { data } = window.stream;
  const at = window.bit >> 3;
  const bits = (data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!;
  const found = codes[(bits >> (8 - (window.bit & 7))) & 0xffff]!;
  const length = found >> 8;
  if (length > lookAhead && !window.isFast) {
    // One bit after the other, from the ninth on.
    if (!fill(window, lookAhead + 1)) return -1;
    window.bit += lookAhead + 1;
    for (let i = lookAhead + 1; i < length; i++, window.bit++) if (!fill(window, 1)) return -1;
  } else window.bit += length;
  return found & 255;
}

function skipBits(window: Window, bits: number): boolean {
  if (bits === 0) return true;
  if (!fill(window, bits)) return false;
  window.bit += bits;
  return true;
}

function readBlock(window: Window, dc: Codes, ac: Codes): boolean {
  const size = readSymbol(window, dc);
  if (size < 0 || !skipBits(window, size)) return false;
  for (let k = 1; k < 64; k++) {
    const symbol = readSymbol(window, ac);
    if (symbol < 0 || !skipBits(window, symbol & 15)) return false;
    if ((symbol & 15) === 0 && symbol >> 4 !== 15) break;
    k += symbol >> 4;
  }
  return true;
}
