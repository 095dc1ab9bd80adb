import { blackCodes, type FaxCode, followCodes, whiteCodes } from './fax-codes.js';

/** How a strip or tile is coded: rows of runs that begin at a byte, or after a code (some after the row above), or all after the row above. */
export type FaxForm = 'rows' | 'group 3' | 'group 3 in two dimensions' | 'group 4';

/** Rows between two looks at the clock. */
const someRows = 256;
/** Thrown where the input ends. */
const ended = new Error('ended');
/** Thrown where a row has more runs than libtiff keeps. */
const overflow = new Error('overflow');

/**
 * Decodes fax as libtiff does, which makes the best of codes that it does not know.
 *
 * Source: libtiff 4.5.0 tif_fax3.c, tif_fax3.h.
 *
 * @param bytes with the first bit lowest.
 * @param row bytes of a row of `width` pixels.
 * @param check runs now and then.
 * @returns `length` bytes, a bit for each black pixel; null where libtiff reports an error.
 */
export function decodeFax(
  bytes: Buffer,
  width: number,
  row: number,
  length: number,
  form: FaxForm,
  check: () => void,
): Buffer | null {
  const out = Buffer.alloc(length);
  const reader = new FaxReader(bytes, width, form === 'rows' || form === 'group 3' ? 1 : 2);
  try {
    for (let at = 0; at < length; at += row) {
      if (at % (row * someRows) === 0) check();
      if (form === 'group 4') reader.readLikeAbove();
      else if (form === 'rows') reader.readAligned();
      else reader.readLine(form !== 'group 3');
      if (reader.isOver) {
        // Rows that are missing in the end are taken for white, unless all are.
        if (at === 0) return null;
        reader.fill(out.subarray(at));
        return out;
      }
      reader.fill(out.subarray(at));
      reader.next();
    }
    return out;
  } catch (error) {
    if (error === ended || error === overflow) return null;
    throw error;
  }
}

/** Runs of one row, and those of the row above, as libtiff keeps them: in whole numbers of 32 bits that can run over. */
class FaxReader {
  /** Whether the end of all rows has been read, or of the input. */
  isOver = false;
  readonly #input: Buffer;
  readonly #width: number;
  readonly #most: number;
  #runs: Int32Array;
  #above: Int32Array;
  #at = 0;
  #held = 0;
  #bits = 0;
  /** Runs of this row so far, where they reach to, and a run that is not yet whole. */
  #count = 0;
  #reach = 0;
  #run = 0;
  #hasEnd = false;
  /** The next change in the row above, and the run behind it. */
  #change = 0;
  #place = 0;

  constructor(input: Buffer, width: number, rows: number) {
    this.#input = input;
    this.#width = width;
    this.#most = Math.ceil(width / 32) * 32 * rows;
    // A bit makes two runs at most, so that few bytes have few.
    const room = Math.min(this.#most, 16 * input.length) + 4;
    this.#runs = new Int32Array(room);
    this.#above = new Int32Array(room);
    this.#above[0] = width;
  }

  /** Begins the next row. */
  next(): void {
    if (this.#count < this.#most) this.#set(0);
    [this.#runs, this.#above] = [this.#above, this.#runs];
  }

  readAligned(): void {
    this.#begin();
    this.#readRuns();
    this.#skip(this.#bits & 7);
  }

  readLine(isTwoDimensional: boolean): void {
    this.#begin();
    this.#findEnd();
    if (isTwoDimensional) this.#readEither();
    else this.#readRuns();
  }

  /** A row of its own, or after the one above, as a bit says. */
  #readEither(): void {
    this.#need(1);
    const isAlone = this.#peek(1) === 1;
    this.#skip(1);
    this.#beginAbove();
    if (isAlone) this.#readRuns();
    else this.#readAbove();
  }

  readLikeAbove(): void {
    this.#begin();
    this.#beginAbove();
    try {
      this.#readAbove();
      this.isOver = this.#hasEnd;
    } catch (error) {
      if (error !== ended) throw error;
      this.isOver = true;
    }
  }

  /** Writes the row's black runs. */
  fill(row: Buffer): void {
    let x = 0;
    for (let i = 0; i < this.#count; i++) {
      const run = this.#runs[i]! >>> 0;
      const end = Math.min(x + run, this.#width);
      this.#runs[i] = end - x;
      if (i % 2 === 1) for (; x < end; x++) row[x >> 3] = row[x >> 3]! | (128 >> (x & 7));
      x = end;
    }
  }

  #begin(): void {
    [this.#count, this.#reach, this.#run] = [0, 0, 0];
  }

  #beginAbove(): void {
    this.#change = this.#above[0]!;
    this.#place = 1;
  }

  /** Runs of white and black in turn. */
  #readRuns(): void {
    try {
      while (this.#readRun(whiteCodes, 12) && this.#reach < this.#width) {
        if (!this.#readRun(blackCodes, 13) || this.#reach >= this.#width) break;
        if (this.#runs[this.#count - 1] === 0 && this.#runs[this.#count - 2] === 0) this.#count -= 2;
      }
    } catch (error) {
      if (error === ended) this.#cleanUp();
      throw error;
    }
    this.#cleanUp();
  }

  /** @returns false where the row ends with it. */
  #readRun(codes: readonly FaxCode[], window: number, endsRow = true): boolean {
    for (;;) {
      const { state, value } = this.#code(codes, window);
      if (state === 'term') {
        this.#set(value);
        return true;
      }
      if (state !== 'part') {
        if (state === 'end' && endsRow) this.#hasEnd = true;
        return false;
      }
      this.#reach = (this.#reach + value) | 0;
      this.#run = (this.#run + value) | 0;
    }
  }

  #readAbove(): void {
    try {
      this.#follow();
    } catch (error) {
      if (error === ended) this.#cleanUp();
      throw error;
    }
    this.#cleanUp();
  }

  #follow(): void {
    while (this.#reach < this.#width) {
      if (this.#count >= this.#most) throw overflow;
      const { state, value } = this.#code(followCodes, 7);
      switch (state) {
        case 'pass':
          this.#seek();
          if (this.#place + 1 >= this.#most) throw overflow;
          this.#change = (this.#change + this.#above[this.#place++]!) | 0;
          this.#run = (this.#run + this.#change - this.#reach) | 0;
          this.#reach = this.#change;
          this.#change = (this.#change + this.#above[this.#place++]!) | 0;
          break;
        case 'horizontal': {
          const isBlack = this.#count % 2 === 1;
          const [first, second] = isBlack ? [blackCodes, whiteCodes] : [whiteCodes, blackCodes];
          if (!this.#readRun(first, isBlack ? 13 : 12, false)) return;
          if (!this.#readRun(second, isBlack ? 12 : 13, false)) return;
          this.#seek();
          break;
        }
        case 'right':
          this.#seek();
          this.#set(this.#change - this.#reach + value);
          if (this.#place >= this.#most) throw overflow;
          this.#change = (this.#change + this.#above[this.#place++]!) | 0;
          break;
        case 'left':
          this.#seek();
          if (this.#change < this.#reach + value) return;
          this.#set(this.#change - this.#reach - value);
          this.#change = (this.#change - this.#above[--this.#place]!) | 0;
          break;
        case 'extension':
        case 'end':
          this.#runs[this.#count++] = this.#width - this.#reach;
          if (state === 'extension') return;
          this.#need(4);
          this.#skip(4);
          this.#hasEnd = true;
          return;
        default:
          return;
      }
    }
    if (this.#run === 0) return;
    if (this.#run + this.#reach < this.#width) {
      this.#need(1);
      if (this.#peek(1) === 0) return;
      this.#skip(1);
    }
    this.#set(0);
  }

  /** Goes to the change in the row above that lies behind where this row has come to. */
  #seek(): void {
    if (this.#count === 0) return;
    while (this.#change <= this.#reach && this.#change < this.#width) {
      if (this.#place + 1 >= this.#most) throw overflow;
      this.#change = (this.#change + this.#above[this.#place]! + this.#above[this.#place + 1]!) | 0;
      this.#place += 2;
    }
  }

  /** Adds a run. */
  #set(length: number): void {
    if (this.#count >= this.#most) throw overflow;
    this.#runs[this.#count++] = this.#run + length;
    this.#reach = (this.#reach + length) | 0;
    this.#run = 0;
  }

  /** Makes the runs as long as the row. */
  #cleanUp(): void {
    if (this.#run !== 0) this.#set(0);
    if (this.#reach === this.#width) return;
    while (this.#reach > this.#width && this.#count > 0) this.#reach = (this.#reach - this.#runs[--this.#count]!) | 0;
    if (this.#reach < this.#width) {
      if (this.#reach < 0) this.#reach = 0;
      if (this.#count % 2 === 1) this.#set(0);
      this.#set(this.#width - this.#reach);
    } else if (this.#reach > this.#width) {
      this.#set(this.#width);
      this.#set(0);
    }
  }

  /** Goes past the code that ends a line, whatever stands before it. */
  #findEnd(): void {
    if (!this.#hasEnd)
      for (;;) {
        this.#need(11);
        if (this.#peek(11) === 0) break;
        this.#skip(1);
      }
    for (;;) {
      this.#need(8);
      if (this.#peek(8) !== 0) break;
      this.#skip(8);
    }
    while (this.#peek(1) === 0) this.#skip(1);
    this.#skip(1);
    this.#hasEnd = false;
  }

  #code(codes: readonly FaxCode[], window: number): FaxCode {
    this.#need(window);
    const code = codes[this.#peek(window)]!;
    this.#skip(code.width);
    return code;
  }

  /** Loads bits; beyond the input they are zeros, once. */
  #need(bits: number): void {
    while (this.#bits < bits) {
      if (this.#at >= this.#input.length) {
        if (this.#bits === 0) throw ended;
        this.#bits = bits;
        return;
      }
      this.#held |= this.#input[this.#at++]! << this.#bits;
      this.#bits += 8;
    }
  }

  #peek(bits: number): number {
    return this.#held & ((1 << bits) - 1);
  }

  #skip(bits: number): void {
    this.#held >>>= bits;
    this.#bits -= bits;
  }
}
