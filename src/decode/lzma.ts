/** Thrown where the input ends, and where liblzma reports an error. */
export const damaged = new Error('damaged');

const [states, positions, literalStates] = [12, 16, 7];
const [topValue, half] = [2 ** 24, 1024];
/** Below the first slot a distance is its slot; from the last on its bits have even odds, but for the lowest. */
const [firstSlot, lastSlot, alignBits] = [4, 14, 4];

/** Of the lengths of matches: 8 short ones and 8 longer by the position, and 256 others. */
interface Lengths {
  readonly choices: Uint16Array;
  readonly low: Uint16Array;
  readonly mid: Uint16Array;
  readonly high: Uint16Array;
}

/** What LZMA has learned, and goes on with until it is reset. */
export class LzmaState {
  readonly isMatch = odds(states * positions);
  readonly isRepeated = odds(states);
  readonly isOther = [odds(states), odds(states), odds(states)] as const;
  readonly isLong = odds(states * positions);
  readonly slots = odds(4 * 64);
  readonly distances = odds(128);
  readonly align = odds(1 << alignBits);
  readonly match = lengths();
  readonly repeated = lengths();
  readonly literals: Uint16Array;
  readonly literalBits: number;
  readonly literalMask: number;
  readonly positionMask: number;
  state = 0;
  readonly recent = [0, 0, 0, 0];

  /** @param properties a byte: bits of the byte before, of the place, and of the place again. Throws `damaged` for what LZMA2 has not. */
  constructor(readonly properties: number) {
    const [context, rest] = [properties % 9, Math.floor(properties / 9)];
    if (properties > 224 || context + (rest % 5) > 4) throw damaged;
    this.literalBits = context;
    this.literalMask = (1 << (rest % 5)) - 1;
    this.positionMask = (1 << Math.floor(rest / 5)) - 1;
    this.literals = odds(0x300 << (context + (rest % 5)));
  }
}

function odds(count: number): Uint16Array {
  return new Uint16Array(count).fill(half);
}

function lengths(): Lengths {
  return { choices: odds(2), low: odds(positions << 3), mid: odds(positions << 3), high: odds(256) };
}

/** Where LZMA's bytes go, and what it may copy from. */
export interface Dictionary {
  readonly out: Buffer;
  /** Bytes that are out, and from where on they may be copied: as far back as `size`. */
  at: number;
  start: number;
  readonly size: number;
}

/** Bits by their odds, which learn from them. */
export class RangeDecoder {
  #range = 0xffffffff;
  #code = 0;

  /** Throws `damaged` where the five bytes that begin are not there. */
  constructor(
    readonly input: Buffer,
    public at: number,
  ) {
    if (this.#byte() !== 0) throw damaged;
    for (let i = 0; i < 4; i++) this.#code = ((this.#code << 8) | this.#byte()) >>> 0;
  }

  /** Reads on to where the next bit begins. */
  normalise(): void {
    if (this.#range >= topValue) return;
    this.#range = (this.#range << 8) >>> 0;
    this.#code = ((this.#code << 8) | this.#byte()) >>> 0;
  }

  bit(table: Uint16Array, index: number): number {
    this.normalise();
    const chance = table[index]!;
    const bound = (this.#range >>> 11) * chance;
    if (this.#code < bound) {
      this.#range = bound;
      table[index] = chance + ((2048 - chance) >> 5);
      return 0;
    }
    this.#range = (this.#range - bound) >>> 0;
    this.#code = (this.#code - bound) >>> 0;
    table[index] = chance - (chance >> 5);
    return 1;
  }

  /** Bits with even odds, the highest first. */
  direct(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      this.normalise();
      this.#range >>>= 1;
      const isSet = this.#code >= this.#range;
      if (isSet) this.#code = (this.#code - this.#range) >>> 0;
      value = value * 2 + (isSet ? 1 : 0);
    }
    return value;
  }

  /** A value of so many bits, the highest first, each with odds by those before it. */
  tree(table: Uint16Array, from: number, bits: number): number {
    let node = 1;
    for (let i = 0; i < bits; i++) node = (node << 1) | this.bit(table, from + node);
    return node - (1 << bits);
  }

  /** As `tree`, the lowest bit first. */
  reverseTree(table: Uint16Array, from: number, bits: number): number {
    let [node, value] = [1, 0];
    for (let i = 0; i < bits; i++) {
      const bit = this.bit(table, from + node);
      node = (node << 1) | bit;
      value |= bit << i;
    }
    return value;
  }

  #byte(): number {
    if (this.at >= this.input.length) throw damaged;
    return this.input[this.at++]!;
  }
}

/**
 * Decodes LZMA until `end` bytes are out, or all of `out`.
 *
 * Source: liblzma 5.4.1 lzma_decoder.c.
 *
 * Throws `damaged`; what was out by then is there.
 */
export function decodeLzma(range: RangeDecoder, lzma: LzmaState, to: Dictionary, end: number): void {
  const { out } = to;
  const { recent } = lzma;
  const most = Math.min(end, out.length);
  while (to.at < most) {
    const place = to.at - to.start;
    const position = place & lzma.positionMask;
    if (range.bit(lzma.isMatch, lzma.state * positions + position) === 0) {
      readLiteral(range, lzma, to);
      continue;
    }
    const length = readMatch(range, lzma, position);
    const distance = recent[0]! + 1;
    if (distance > Math.min(place, to.size)) throw damaged;
    const last = to.at + length;
    for (; to.at < last && to.at < most; to.at++) out[to.at] = out[to.at - distance]!;
    // No match goes beyond a chunk.
    if (last > most) throw damaged;
  }
  range.normalise();
}

function readLiteral(range: RangeDecoder, lzma: LzmaState, to: Dictionary): void {
  const { out, at, start } = to;
  const { literals, literalBits, literalMask, state } = lzma;
  const before = at > start ? out[at - 1]! : 0;
  const table = 0x300 * ((((at - start) & literalMask) << literalBits) + (before >> (8 - literalBits)));
  let symbol = 1;
  if (state >= literalStates) {
    // The byte behind the last match is likely to be another than this one.
    let other = out[at - lzma.recent[0]! - 1]!;
    for (let offset = 0x100; symbol < 0x100; ) {
      other <<= 1;
      const expected = other & offset;
      const bit = range.bit(literals, table + offset + expected + symbol);
      symbol = (symbol << 1) | bit;
      offset = bit === 0 ? offset & ~expected : offset & expected;
    }
  } else while (symbol < 0x100) symbol = (symbol << 1) | range.bit(literals, table + symbol);
  out[to.at++] = symbol;
  lzma.state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
}

/** Reads a match but for its first bit: the distance becomes the most recent one. @returns its length. */
function readMatch(range: RangeDecoder, lzma: LzmaState, position: number): number {
  const { recent, state, isOther } = lzma;
  const isAfterLiteral = state < literalStates;
  if (range.bit(lzma.isRepeated, state) === 0) {
    const length = readLength(range, lzma.match, position);
    recent.copyWithin(1, 0, 3);
    recent[0] = readDistance(range, lzma, length);
    lzma.state = isAfterLiteral ? 7 : 10;
    return length;
  }
  if (range.bit(isOther[0], state) === 0) {
    if (range.bit(lzma.isLong, state * positions + position) === 0) {
      lzma.state = isAfterLiteral ? 9 : 11;
      return 1;
    }
  } else {
    const which = range.bit(isOther[1], state) === 0 ? 1 : 2 + range.bit(isOther[2], state);
    const distance = recent[which]!;
    recent.copyWithin(1, 0, which);
    recent[0] = distance;
  }
  lzma.state = isAfterLiteral ? 8 : 11;
  return readLength(range, lzma.repeated, position);
}

function readLength(range: RangeDecoder, { choices, low, mid, high }: Lengths, position: number): number {
  if (range.bit(choices, 0) === 0) return 2 + range.tree(low, position << 3, 3);
  if (range.bit(choices, 1) === 0) return 10 + range.tree(mid, position << 3, 3);
  return 18 + range.tree(high, 0, 8);
}

/** A distance less one. */
function readDistance(range: RangeDecoder, { slots, distances, align }: LzmaState, length: number): number {
  const slot = range.tree(slots, (Math.min(length, 5) - 2) * 64, 6);
  if (slot < firstSlot) return slot;
  const bits = (slot >> 1) - 1;
  const base = (2 + (slot & 1)) * 2 ** bits;
  if (slot < lastSlot) return base + range.reverseTree(distances, base - slot - 1, bits);
  return base + range.direct(bits - alignBits) * (1 << alignBits) + range.reverseTree(align, 0, alignBits);
}
