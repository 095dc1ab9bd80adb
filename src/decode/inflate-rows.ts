/** What the next code of a deflate stream did: put bytes out, ended the stream, is none, or wants bytes that are not there. */
type Step = 'out' | 'end' | 'error' | 'short';

const lengthBase = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const lengthBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const distanceBase = [
  ...[
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  ],
  ...[8193, 12289, 16385, 24577],
];
const distanceBits = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Thrown by the readers below. */
const short = new Error('short');
const wrong = new Error('wrong');

/** By the next 15 bits: a symbol below its code's length; 0 where there is no code. */
type Code = Uint16Array;
const longest = 15;
const symbolBits = 9;

/**
 * Inflates a stream row by row as zlib does for Pillow, whose verdict on a cut or damaged one depends on how much of the
 * input zlib has read when a row is full: it reads on until the next byte to put out, and an error met on the way counts,
 * as does an input that is used up.
 *
 * Slow, and for streams that are not sound: the others are the business of Node's zlib.
 *
 * Source: zlib 1.2.13 inflate.c; Pillow 9.4 ZipDecode.c.
 *
 * @param pieces of the stream, as Pillow reads them.
 * @param rows bytes of each row, in order.
 * @param check runs now and then.
 * @returns the rows' bytes, with zeros after a stream that ended between two rows, and the pieces that it took; null where
 *   Pillow refuses the file.
 */
export function inflateRows(
  pieces: readonly Buffer[],
  rows: Iterable<number>,
  total: number,
  check: () => void,
): { readonly data: Buffer; readonly pieces: number } | null {
  const stream = new DeflateStream(Buffer.concat(pieces), total, check);
  let piece = 0;
  let given = 0;
  let used = 0;
  let target = 0;
  for (const length of rows) {
    target += length;
    for (;;) {
      if (used >= given) {
        if (piece >= pieces.length) return null;
        given += pieces[piece++]!.length;
        // An empty piece is no end, and no call of zlib.
        continue;
      }
      const state = stream.goOn(target, given * 8);
      if (state === 'error') return null;
      used = state === 'short' ? given : Math.ceil(stream.used / 8);
      if (stream.produced >= target) {
        if (state === 'end') return { data: stream.out.subarray(0, total), pieces: piece };
        break;
      }
      // The end inside a row, after which zlib puts out nothing.
      if (state === 'end') return null;
    }
  }
  return { data: stream.out.subarray(0, total), pieces: piece };
}

/** Bytes between two looks at the clock. */
const stretch = 1024 * 1024;

/**
 * Inflates `length` bytes as libdeflate does for libtiff: a stream may go on behind them, whatever comes, but what ends there must end well.
 *
 * Slow, and for streams that are not sound.
 *
 * Source: libdeflate 1.14 decompress_template.h; libtiff 4.5.0 tif_zip.c, `ZIPDecode`.
 *
 * @param check runs now and then.
 * @returns null where libtiff reports an error.
 */
export function inflatePiece(bytes: Buffer, length: number, check: () => void): Buffer | null {
  const stream = new DeflateStream(bytes, length, check);
  const state = stream.goOn(length, Number.POSITIVE_INFINITY);
  const isWhole = (state === 'out' || state === 'end') && stream.produced >= length;
  return isWhole ? stream.out.subarray(0, length) : null;
}

/** Those of every block that brings none. */
let fixedCodes: { readonly lengths: Code; readonly distances: Code } | undefined;

/** A deflate stream in its zlib frame, decoded code by code. */
class DeflateStream {
  readonly out: Buffer;
  /** Bytes that the codes read so far put out, some of them beyond what is asked for. */
  produced = 0;
  /** Bits of the input that zlib has read. */
  used = 0;
  readonly #input: Buffer;
  #bit = 0;
  #lengths: Code | null = null;
  #distances: Code | null = null;
  #stored = -1;
  #isLast = false;
  #isBegun = false;
  /** The next code's doing, once it is read: a literal, or a copy of `#length` bytes. */
  #pending: Step | null = null;
  #needed = 0;
  #literal = 0;
  #length = 0;
  #distance = 0;
  readonly #check: () => void;
  #look = 0;

  /** @param check runs before each block of codes, and each stretch of bytes. */
  constructor(input: Buffer, total: number, check: () => void) {
    this.#input = input;
    this.#check = check;
    // The last code may put out more than is asked for.
    this.out = Buffer.alloc(total + 258);
  }

  /** Goes on until `target` bytes are out and the next code is read, or `limit` bits of the input are used up. */
  goOn(target: number, limit: number): Step {
    for (;;) {
      if (this.produced >= this.#look) {
        this.#check();
        this.#look = this.produced + stretch;
      }
      // Inside a copy nothing more is read.
      if (this.produced > target) return 'out';
      this.#pending ??= this.#next();
      if (this.#needed > limit || this.#pending === 'short') return 'short';
      if (this.#pending !== 'out' || this.produced >= target) {
        this.used = this.#length === 0 && this.#stored >= 0 ? this.#needed - 8 : this.#needed;
        return this.#pending;
      }
      this.used = this.#needed;
      // Only now does zlib look whether there is so much to copy from.
      if (this.#length > 0 && this.#distance > this.produced) return 'error';
      this.#put();
      this.#pending = null;
    }
  }

  #put(): void {
    const { out } = this;
    if (this.#length === 0) out[this.produced++] = this.#literal;
    for (let i = 0; i < this.#length; i++, this.produced++) out[this.produced] = out[this.produced - this.#distance]!;
  }

  /** Decodes up to the next code that puts bytes out. */
  #next(): Step {
    try {
      if (!this.#isBegun) this.#readHead();
      return this.#readCode();
    } catch (error) {
      if (error !== short && error !== wrong) throw error;
      return error === short ? 'short' : 'error';
    } finally {
      this.#needed = this.#bit;
    }
  }

  #readHead(): void {
    const [method, flags] = [this.#take(8), this.#take(8)];
    if (((method << 8) | flags) % 31 !== 0 || (method & 15) !== 8 || method >> 4 > 7) throw wrong;
    // A preset dictionary is waited for without end.
    if ((flags & 0x20) !== 0) throw short;
    this.#isBegun = true;
  }

  #readCode(): Step {
    for (;;) {
      this.#length = 0;
      if (this.#stored > 0) {
        this.#literal = this.#take(8);
        this.#stored--;
        return 'out';
      }
      if (this.#lengths === null) {
        if (this.#isLast) return this.#readEnd();
        this.#stored = -1;
        this.#readBlock();
        continue;
      }
      const value = this.#symbol(this.#lengths);
      if (value < 256) {
        this.#literal = value;
        return 'out';
      }
      if (value === 256) {
        this.#lengths = null;
        continue;
      }
      if (value > 285) throw wrong;
      const length = lengthBase[value - 257]! + this.#take(lengthBits[value - 257]!);
      const far = this.#symbol(this.#distances!);
      if (far > 29) throw wrong;
      this.#distance = distanceBase[far]! + this.#take(distanceBits[far]!);
      this.#length = length;
      return 'out';
    }
  }

  #readBlock(): void {
    this.#check();
    this.#isLast = this.#take(1) === 1;
    const kind = this.#take(2);
    if (kind === 3) throw wrong;
    if (kind === 0) {
      this.#bit = (this.#bit + 7) & ~7;
      const length = this.#take(16);
      if ((this.#take(16) ^ 0xffff) !== length) throw wrong;
      this.#stored = length;
    } else if (kind === 1) {
      fixedCodes ??= {
        lengths: codeOf(
          [144, 112, 24, 8].flatMap((count, i) => Array<number>(count).fill([8, 9, 7, 8][i]!)),
          false,
        ),
        distances: codeOf(Array(32).fill(5), false),
      };
      this.#lengths = fixedCodes.lengths;
      this.#distances = fixedCodes.distances;
    } else this.#readCodes();
  }

  #readCodes(): void {
    const [nlen, ndist, ncode] = [this.#take(5) + 257, this.#take(5) + 1, this.#take(4) + 4];
    if (nlen > 286 || ndist > 30) throw wrong;
    const sizes: number[] = Array(19).fill(0);
    for (let i = 0; i < ncode; i++) sizes[lengthOrder[i]!] = this.#take(3);
    const code = codeOf(sizes, true);
    const all: number[] = [];
    while (all.length < nlen + ndist) {
      const value = this.#symbol(code);
      if (value < 16) {
        all.push(value);
        continue;
      }
      if (value === 16 && all.length === 0) throw wrong;
      const repeated = value === 16 ? all.at(-1)! : 0;
      const times = value === 16 ? 3 + this.#take(2) : value === 17 ? 3 + this.#take(3) : 11 + this.#take(7);
      if (all.length + times > nlen + ndist) throw wrong;
      for (let i = 0; i < times; i++) all.push(repeated);
    }
    if (all[256] === 0) throw wrong;
    this.#lengths = codeOf(all.slice(0, nlen), false);
    this.#distances = codeOf(all.slice(nlen), false);
  }

  #readEnd(): Step {
    this.#bit = (this.#bit + 7) & ~7;
    const sum = this.#take(8) * 2 ** 24 + this.#take(8) * 65536 + this.#take(8) * 256 + this.#take(8);
    let [low, high] = [1, 0];
    // So many sums stay whole numbers of 32 bits.
    for (let i = 0; i < this.produced; low %= 65521, high %= 65521)
      for (const end = Math.min(this.produced, i + 5552); i < end; i++) {
        low += this.out[i]!;
        high += low;
      }
    return sum === high * 65536 + low ? 'end' : 'error';
  }

  /** The next 23 bits at most, with zeros beyond the input. */
  #peek(): number {
    const input = this.#input;
    const at = this.#bit >> 3;
    return ((input[at] ?? 0) | ((input[at + 1] ?? 0) << 8) | ((input[at + 2] ?? 0) << 16)) >> (this.#bit & 7);
  }

  #take(count: number): number {
    const value = this.#peek() & ((1 << count) - 1);
    this.#skip(count);
    return value;
  }

  #symbol(code: Code): number {
    const found = code[this.#peek() & ((1 << longest) - 1)]!;
    this.#skip(found === 0 ? longest : found >> symbolBits);
    if (found === 0) throw wrong;
    return found & ((1 << symbolBits) - 1);
  }

  #skip(count: number): void {
    if (this.#bit + count > this.#input.length * 8) throw short;
    this.#bit += count;
  }
}

/** Throws `wrong` for lengths that zlib takes for no code: too many codes, or too few, but for a single one. */
function codeOf(sizes: readonly number[], isOfLengths: boolean): Code {
  const counts = new Uint16Array(longest + 1);
  for (const size of sizes) counts[size]!++;
  counts[0] = 0;
  const most = counts.findLastIndex((count) => count > 0);
  let left = 1;
  for (let length = 1; length <= longest; length++) {
    left = left * 2 - counts[length]!;
    if (left < 0) throw wrong;
  }
  if (left > 0 && most > 0 && (isOfLengths || most !== 1)) throw wrong;
  const table: Code = new Uint16Array(1 << longest);
  let code = 0;
  for (let length = 1; length <= longest; length++, code <<= 1)
    for (const [value, size] of sizes.entries()) {
      if (size !== length) continue;
      // Codes stand in the stream with their first bit lowest.
      let reversed = 0;
      for (let i = 0; i < length; i++) reversed |= ((code >> i) & 1) << (length - 1 - i);
      for (let at = reversed; at < table.length; at += 1 << length) table[at] = (length << symbolBits) | value;
      code++;
    }
  return table;
}
