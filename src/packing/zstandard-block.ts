import {
  backwardBits,
  damaged,
  type HuffmanTable,
  readBits,
  readCodes,
  readExtraBits,
  readHuffmanTable,
  readManyExtraBits,
  readStateTable,
  type StateTable,
  stateTable,
} from './zstandard-tables.js';

/** The largest block that there is, in bytes that come out. */
export const mostBlock: number = 2 ** 17;

/** Larger ones go back further than any memory. */
const mostOffsetCode = 29;

/** What a block leaves to those after it in its frame. */
export interface FrameState {
  huffman: HuffmanTable | null;
  /** Of lengths of literals, offsets and lengths of matches; whether a block has used them yet. */
  tables: StateTable[];
  hasTables: boolean;
  recent: [number, number, number];
}

/** As a frame begins. */
export function frameState(): FrameState {
  return { huffman: null, tables: [], hasTables: false, recent: [1, 4, 8] };
}

/**
 * Decodes a compressed block, bounded by what a block may hold whatever it says.
 *
 * Source: RFC 8878, 3.1.1.3; libzstd 1.5.4 zstd_decompress_block.c, of which it has the verdict.
 *
 * @param block without its head.
 * @param out where the frame starts, with room for `most` bytes after `to`.
 * @param to where the block starts.
 * @returns where it ends.
 * @throws damaged
 */
export function decodeBlock(block: Uint8Array, out: Uint8Array, to: number, most: number, state: FrameState): number {
  if (block.length < 3 || block.length >= mostBlock) throw damaged;
  const { literals, end } = readLiterals(block, state);
  return readSequences(block, end, literals, out, to, most, state);
}

interface Literals {
  readonly literals: Uint8Array;
  readonly end: number;
}

function readLiterals(block: Uint8Array, state: FrameState): Literals {
  const kind = block[0]! & 3;
  const form = (block[0]! >> 2) & 3;
  if (kind >= 2) return readPackedLiterals(block, kind, form, state);
  const head = form === 1 ? 2 : form === 3 ? 3 : 1;
  const size = head === 1 ? block[0]! >> 3 : (block[0]! | (block[1]! << 8) | (head === 3 ? block[2]! << 16 : 0)) >> 4;
  const end = head + (kind === 0 ? size : 1);
  if (size > mostBlock || end > block.length) throw damaged;
  return { literals: kind === 0 ? block.subarray(head, end) : new Uint8Array(size).fill(block[head]!), end };
}

function readPackedLiterals(block: Uint8Array, kind: number, form: number, state: FrameState): Literals {
  if (block.length < 5) throw damaged;
  const width = form < 2 ? 10 : form === 2 ? 14 : 18;
  const head = form < 2 ? 3 : form + 2;
  let sizes = 0;
  for (let i = head - 1; i >= 0; i--) sizes = sizes * 256 + block[i]!;
  sizes = Math.floor(sizes / 16);
  const [size, packed] = [sizes % 2 ** width, Math.floor(sizes / 2 ** width)];
  const end = head + packed;
  if (size > mostBlock || (form > 0 && size < 6) || end > block.length) throw damaged;
  let from = head;
  if (kind === 2) {
    const read = readHuffmanTable(block, head, end);
    state.huffman = read.table;
    from = read.end;
  }
  const table = state.huffman;
  if (table === null) throw damaged;
  const literals = new Uint8Array(size);
  if (form === 0) readCodes(block, from, end, table, literals);
  else readFourStreams(block, from, end, table, literals);
  return { literals, end };
}

/**
 * libzstd has a quicker way for long streams, on processors of most computers (x86-64 with BMI2), that does not look at what is left of them.
 *
 * Source: libzstd 1.5.4 huf_decompress.c, `HUF_decompress4X1_usingDTable_internal_bmi2_asm`.
 */
const mostQuickLog = 11;
const leastQuick = [16, 8, 8, 8] as const;

function readFourStreams(block: Uint8Array, start: number, end: number, table: HuffmanTable, out: Uint8Array): void {
  if (end - start < 10) throw damaged;
  const each = (out.length + 3) >> 2;
  if (3 * each > out.length) throw damaged;
  const starts = [start + 6];
  for (let i = 0; i < 3; i++) starts.push(starts[i]! + (block[start + 2 * i]! | (block[start + 2 * i + 1]! << 8)));
  const ends = [...starts.slice(1), end];
  if (starts[3]! > end) throw damaged;
  const isQuick = table.log <= mostQuickLog && leastQuick.every((least, i) => ends[i]! - starts[i]! >= least);
  for (let i = 0; i < 4; i++) {
    const part = out.subarray(i * each, i === 3 ? out.length : (i + 1) * each);
    readCodes(block, starts[i]!, ends[i]!, table, part, isQuick);
  }
}

/** Of a kind of number that sequences have: the largest code, the widest table, and the table that is used unless another is given. */
interface Kind {
  readonly mostCode: number;
  readonly mostLog: number;
  readonly usual: StateTable;
}

const literalKind: Kind = {
  mostCode: 35,
  mostLog: 9,
  usual: stateTable(
    [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
    6,
  ),
};
const offsetKind: Kind = {
  mostCode: 31,
  mostLog: 8,
  usual: stateTable([1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1], 5),
};
const matchKind: Kind = {
  mostCode: 52,
  mostLog: 9,
  usual: stateTable([1, 4, 3, 2, 2, 2, 2, 2, 2, ...Array<number>(37).fill(1), ...Array<number>(7).fill(-1)], 6),
};
const kinds = [literalKind, offsetKind, matchKind] as const;

const literalBits = Uint8Array.from([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
]);
const literalBase = basesOf(literalBits, 0);
const matchBits = Uint8Array.from([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3,
  3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
]);
const matchBase = basesOf(matchBits, 3);

/** The smallest number of each code, where those of one follow those of the code before. */
function basesOf(bits: Uint8Array, first: number): Int32Array {
  let base = first;
  return Int32Array.from(bits, (width) => {
    base += 2 ** width;
    return base - 2 ** width;
  });
}

function readSequences(
  block: Uint8Array,
  start: number,
  literals: Uint8Array,
  out: Uint8Array,
  to: number,
  most: number,
  state: FrameState,
): number {
  const end = to + most;
  let [place, taken] = [to, 0];
  const head = readSequencesHead(block, start, state);
  if (head.count > 0) {
    const [literalTable, offsetTable, matchTable] = state.tables as [StateTable, StateTable, StateTable];
    state.hasTables = true;
    const stream = backwardBits(block, head.end, block.length);
    let literalState = readBits(stream, literalTable.log);
    let offsetState = readBits(stream, offsetTable.log);
    let matchState = readBits(stream, matchTable.log);
    for (let i = 0; i < head.count; i++) {
      const literalCode = literalTable.symbols[literalState]!;
      const matchCode = matchTable.symbols[matchState]!;
      const offsetCode = offsetTable.symbols[offsetState]!;
      if (offsetCode > mostOffsetCode) throw damaged;
      const number = (1 << offsetCode) + readManyExtraBits(stream, offsetCode);
      let left = matchBase[matchCode]! + readExtraBits(stream, matchBits[matchCode]!);
      const length = literalBase[literalCode]! + readExtraBits(stream, literalBits[literalCode]!);
      const offset = offsetOf(state.recent, number, length === 0);
      literalState = literalTable.next[literalState]! + readBits(stream, literalTable.bits[literalState]!);
      matchState = matchTable.next[matchState]! + readBits(stream, matchTable.bits[matchState]!);
      offsetState = offsetTable.next[offsetState]! + readBits(stream, offsetTable.bits[offsetState]!);
      if (length > literals.length - taken || length + left > end - place || offset > place + length) throw damaged;
      for (const until = taken + length; taken < until; ) out[place++] = literals[taken++]!;
      for (; left > 0; left--, place++) out[place] = out[place - offset]!;
    }
    if (stream.left > 0) throw damaged;
  }
  if (literals.length - taken > end - place) throw damaged;
  out.set(taken === 0 ? literals : literals.subarray(taken), place);
  return place + literals.length - taken;
}

/** How many sequences there are, and where their bits start; their tables go into the state. */
function readSequencesHead(block: Uint8Array, start: number, state: FrameState): { count: number; end: number } {
  const first = block[start];
  if (first === undefined) throw damaged;
  if (first === 0) {
    if (start + 1 !== block.length) throw damaged;
    return { count: 0, end: block.length };
  }
  const width = first < 128 ? 1 : first < 255 ? 2 : 3;
  let at = start + width;
  if (at >= block.length) throw damaged;
  const second = block[start + 1]!;
  const count =
    width === 1 ? first : width === 2 ? ((first - 128) << 8) | second : (second | (block[at - 1]! << 8)) + 0x7f00;
  const forms = block[at++]!;
  state.tables = kinds.map((kind, i) => {
    const form = (forms >> (6 - 2 * i)) & 3;
    if (form === 0) return kind.usual;
    if (form === 1) {
      const code = block[at++];
      if (code === undefined || code > kind.mostCode) throw damaged;
      return { log: 0, symbols: Uint8Array.of(code), bits: Uint8Array.of(0), next: Uint16Array.of(0) };
    }
    if (form === 3) {
      if (!state.hasTables) throw damaged;
      return state.tables[i]!;
    }
    const read = readStateTable(block, at, block.length, kind.mostLog, kind.mostCode);
    at = read.end;
    return read.table;
  });
  return { count, end: at };
}

/** What a number says how far back is copied from: below 4 it is one of the last three offsets, or just before the last. */
function offsetOf(recent: [number, number, number], number: number, isWithoutLiterals: boolean): number {
  if (number > 3) {
    recent[2] = recent[1];
    recent[1] = recent[0];
    recent[0] = number - 3;
    return recent[0];
  }
  const place = number - (isWithoutLiterals ? 0 : 1);
  if (place === 0) return recent[0];
  const offset = (place === 3 ? recent[0] - 1 : recent[place]!) || 1;
  if (place > 1) recent[2] = recent[1];
  recent[1] = recent[0];
  recent[0] = offset;
  return offset;
}
