/** Thrown for what libzstd calls damaged. */
export const damaged = new Error('damaged Zstandard');

/** Finite-state entropy: what each state stands for, and how the next one is found from it. */
export interface StateTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  /** How many bits are read for the next state, and what they are added to. */
  readonly bits: Uint8Array;
  readonly next: Uint16Array;
}

/** What the first bits of a code stand for, and how many of them are its own. */
export interface HuffmanTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
}

/** A stream that is read from its end on. */
export interface BackwardBits {
  readonly bytes: Uint8Array;
  /** Bits before what was read last; below 0 where more was read than there is. */
  left: number;
}

/** Bytes behind a stream that are looked at, and do not count. */
const beyond = 8;

/** @throws damaged where no bit marks the end. */
export function backwardBits(bytes: Uint8Array, start: number, end: number): BackwardBits {
  const last = end > start ? bytes[end - 1]! : 0;
  if (last === 0) throw damaged;
  // Reading beyond an array is slow ever after.
  const padded = new Uint8Array(end - start + beyond);
  padded.set(bytes.subarray(start, end));
  return { bytes: padded, left: 8 * (end - start) - 1 - (Math.clz32(last) - 24) };
}

/** Bits of a stream from bit `at` on, 16 at most. */
function bitsAt(bytes: Uint8Array, at: number, count: number): number {
  const byte = at >>> 3;
  return ((bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16)) >>> (at & 7)) & ((1 << count) - 1);
}

/** Reads 16 bits at most as libzstd does for states: of bits before the first it takes others of the first 8 bytes. */
export function readBits(stream: BackwardBits, count: number): number {
  stream.left -= count;
  return stream.left >= 0 ? bitsAt(stream.bytes, stream.left, count) : bitsBeyond(stream, count);
}

function bitsBeyond(stream: BackwardBits, count: number): number {
  const { low, high } = firstOf(stream);
  const shift = stream.left & 63;
  const value = shift >= 32 ? high >>> (shift - 32) : (low >>> shift) | (shift === 0 ? 0 : high << (32 - shift));
  return value & ((1 << count) - 1);
}

/** Reads 16 bits at most as libzstd does for lengths and offsets; those before the first are 0, or others of the first 8 bytes. */
export function readExtraBits(stream: BackwardBits, count: number): number {
  stream.left -= count;
  return stream.left >= 0 ? bitsAt(stream.bytes, stream.left, count) : extraBitsBeyond(stream, count);
}

/** The same of 31 bits at most. */
export function readManyExtraBits(stream: BackwardBits, count: number): number {
  if (count <= 16 || stream.left < count) return readExtraBits(stream, count);
  stream.left -= 16;
  const high = bitsAt(stream.bytes, stream.left, 16);
  stream.left -= count - 16;
  return (high << (count - 16)) | bitsAt(stream.bytes, stream.left, count - 16);
}

function extraBitsBeyond(stream: BackwardBits, count: number): number {
  if (count === 0) return 0;
  const { low, high } = firstOf(stream);
  const shift = (64 - stream.left - count) & 63;
  const top = shift >= 32 ? low << (shift - 32) : (high << shift) | (shift === 0 ? 0 : low >>> (32 - shift));
  return top >>> (32 - count);
}

function firstOf({ bytes }: BackwardBits): { low: number; high: number } {
  const wordAt = (at: number) => bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  return { low: wordAt(0), high: wordAt(4) };
}

/**
 * Reads how often each symbol comes, and makes a table of it.
 *
 * Source: libzstd 1.5.4 entropy_common.c, `FSE_readNCount_body`.
 *
 * @returns the table, and where what follows begins.
 * @throws damaged
 */
export function readStateTable(
  bytes: Uint8Array,
  start: number,
  end: number,
  mostLog: number,
  mostSymbol: number,
): { readonly table: StateTable; readonly end: number } {
  const held = bytes.subarray(start, end);
  let at = 0;
  const peek = (count: number) => {
    const byte = at >>> 3;
    const three = (held[byte] ?? 0) | ((held[byte + 1] ?? 0) << 8) | ((held[byte + 2] ?? 0) << 16);
    return (three >>> (at & 7)) & ((1 << count) - 1);
  };
  const log = peek(4) + 5;
  if (log > mostLog) throw damaged;
  at += 4;
  const counts: number[] = [];
  for (let left = (1 << log) + 1; left > 1; ) {
    if (counts.length > mostSymbol) throw damaged;
    const width = 32 - Math.clz32(left);
    const half = 1 << (width - 1);
    const short = 2 * half - 1 - left;
    const low = peek(width - 1);
    let value = low;
    if (low < short) at += width - 1;
    else {
      value = peek(width);
      if (value >= half) value -= short;
      at += width;
    }
    const count = value - 1;
    left -= Math.abs(count);
    counts.push(count);
    if (count !== 0) continue;
    for (let more = 3; more === 3; ) {
      more = peek(2);
      at += 2;
      for (let i = 0; i < more; i++) counts.push(0);
      if (counts.length > mostSymbol) throw damaged;
    }
  }
  const used = (at + 7) >>> 3;
  if (used > held.length) throw damaged;
  return { table: stateTable(counts, log), end: start + used };
}

/** The table of these counts, which make `2 ** log` together; -1 is one state, at the end of the table. */
export function stateTable(counts: readonly number[], log: number): StateTable {
  const size = 1 << log;
  const symbols = new Uint8Array(size);
  const bits = new Uint8Array(size);
  const next = new Uint16Array(size);
  let end = size;
  for (const [symbol, count] of counts.entries()) if (count < 0) symbols[--end] = symbol;
  const step = (size >> 1) + (size >> 3) + 3;
  let place = 0;
  for (const [symbol, count] of counts.entries()) {
    for (let i = 0; i < count; i++) {
      symbols[place] = symbol;
      do place = (place + step) & (size - 1);
      while (place >= end);
    }
  }
  const seen = counts.map(Math.abs);
  for (let state = 0; state < size; state++) {
    const count = seen[symbols[state]!]!++;
    const width = log - (31 - Math.clz32(count));
    bits[state] = width;
    next[state] = (count << width) - size;
  }
  return { log, symbols, bits, next };
}

const mostWeights = 255;
const mostHuffmanLog = 12;

/**
 * Source: libzstd 1.5.4 entropy_common.c, `HUF_readStats_body`; fse_decompress.c, `FSE_decompress_usingDTable_generic`.
 *
 * @returns the table, and where what follows begins.
 * @throws damaged
 */
export function readHuffmanTable(
  bytes: Uint8Array,
  start: number,
  end: number,
): { readonly table: HuffmanTable; readonly end: number } {
  const head = bytes[start]!;
  const count = head - 127;
  const next = start + 1 + (head < 128 ? head : (count + 1) >> 1);
  if (start >= end || next > end) throw damaged;
  const weights =
    head < 128
      ? packedWeights(bytes, start + 1, next)
      : Array.from({ length: count }, (_, i) => (bytes[start + 1 + (i >> 1)]! >> (i & 1 ? 0 : 4)) & 15);
  return { table: huffmanTable(weights), end: next };
}

function packedWeights(bytes: Uint8Array, start: number, end: number): number[] {
  const { table, end: from } = readStateTable(bytes, start, end, 6, 255);
  const stream = backwardBits(bytes, from, end);
  const states = [readBits(stream, table.log), readBits(stream, table.log)];
  const weights: number[] = [];
  for (let turn = 0; ; turn ^= 1) {
    if (weights.length > mostWeights - 2) throw damaged;
    const state = states[turn]!;
    weights.push(table.symbols[state]!);
    states[turn] = table.next[state]! + readBits(stream, table.bits[state]!);
    if (stream.left >= 0) continue;
    weights.push(table.symbols[states[turn ^ 1]!]!);
    return weights;
  }
}

/** @param weights of all symbols but the last, whose weight is what is left. */
function huffmanTable(weights: number[]): HuffmanTable {
  let total = 0;
  for (const weight of weights) {
    if (weight > mostHuffmanLog) throw damaged;
    total += (1 << weight) >> 1;
  }
  if (total === 0) throw damaged;
  const log = 32 - Math.clz32(total);
  const rest = (1 << log) - total;
  if (log > mostHuffmanLog || (rest & (rest - 1)) !== 0) throw damaged;
  weights.push(32 - Math.clz32(rest));
  const ones = weights.filter((weight) => weight === 1).length;
  if (ones < 2 || ones % 2 === 1) throw damaged;
  const symbols = new Uint8Array(1 << log);
  const bits = new Uint8Array(1 << log);
  let at = 0;
  for (let weight = 1; weight <= log; weight++) {
    for (const [symbol, other] of weights.entries()) {
      if (other !== weight) continue;
      const end = at + (1 << (weight - 1));
      symbols.fill(symbol, at, end);
      bits.fill(log + 1 - weight, at, end);
      at = end;
    }
  }
  return { log, symbols, bits };
}

/**
 * Fills `out` with what a stream of codes stands for.
 *
 * @param mayHaveMore whether bits may be left.
 * @throws damaged where it has less than that, or more.
 */
export function readCodes(
  bytes: Uint8Array,
  start: number,
  end: number,
  table: HuffmanTable,
  out: Uint8Array,
  mayHaveMore = false,
): void {
  const stream = backwardBits(bytes, start, end);
  let { left } = stream;
  const { log, symbols, bits } = table;
  for (let to = 0; to < out.length; to++) {
    if (left <= 0) throw damaged;
    const code = left >= log ? bitsAt(stream.bytes, left - log, log) : bitsAt(stream.bytes, 0, left) << (log - left);
    out[to] = symbols[code]!;
    left -= bits[code]!;
  }
  if (left < 0 || (left > 0 && !mayHaveMore)) throw damaged;
}
