import type { Frame } from './jpeg-segments.js';
import type { Component } from './jpeg-tables.js';
import { densest, nextMarker, type Pass, resynchronise } from './jpeg-walk.js';
import { type Codes, codesOf } from './open-scan.js';

const zigzag = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47,
  55, 62, 63,
];

/** Where the coefficients in zigzag order lie in a block in natural order. What runs over goes to the last, as libjpeg has it. */
export const naturalOrder = Uint8Array.from([...zigzag, ...Array<number>(16).fill(63)]);

/** The coefficients of a component, 64 a block, blocks in rows. */
export interface Plane {
  readonly component: Component;
  readonly values: Int16Array;
  /** Blocks in a row of `values` and rows, with those that only fill up MCUs. */
  readonly stride: number;
  /** Blocks of the image. */
  readonly across: number;
  readonly down: number;
}

/** What the scans of a progressive file make of it, however damaged they are. */
export interface Coefficients {
  readonly planes: readonly Plane[];
  /** Rows of MCUs up to here are those of the last scan, the others of the one before it. */
  readonly lastGood: number;
}

/** Rows of MCUs of all components. */
export function mcuRows({ height, components }: Frame): number {
  return Math.ceil(height / (8 * densest(components)[1]));
}

/** A component's blocks, none of them filled. */
function planesOf(frame: Frame): Plane[] {
  const [mostH, mostV] = densest(frame.components);
  const columns = Math.ceil(frame.width / (8 * mostH));
  const rows = mcuRows(frame);
  return frame.components.map((component) => ({
    component,
    values: new Int16Array(columns * component.across * rows * component.down * 64),
    stride: columns * component.across,
    across: Math.ceil((frame.width * component.across) / (8 * mostH)),
    down: Math.ceil((frame.height * component.down) / (8 * mostV)),
  }));
}

/**
 * Decodes Huffman-coded scans of a JPEG whose markers are right: of a progressive one, or the one of a baseline file.
 *
 * Source: libjpeg-turbo 2.1.5 jdphuff.c, jdhuff.c; jdcoefct.c, `consume_data`.
 *
 * @param check runs between two rows of MCUs.
 */
export function readCoefficients(file: Buffer, frame: Frame, passes: readonly Pass[], check: () => void): Coefficients {
  const planes = planesOf(frame);
  const rows = mcuRows(frame);
  let lastGood = 0;
  for (const pass of passes) {
    const mine = pass.components.map((component) => planes.find((plane) => plane.component === component)!);
    const reader = new PassReader(file, pass);
    const isAlone = mine.length === 1;
    const [first] = mine;
    const mcusAcross = isAlone ? first!.across : Math.ceil(first!.stride / first!.component.across);
    for (let row = 0; row < rows; row++) {
      check();
      const parts = isAlone ? Math.min(first!.component.down, first!.down - row * first!.component.down) : 1;
      for (let part = 0; part < parts; part++)
        for (let column = 0; column < mcusAcross; column++) {
          if (!reader.isOut) lastGood = row;
          reader.startMcu();
          for (const [i, { component, stride, values }] of mine.entries()) {
            const [wide, high] = isAlone ? [1, 1] : [component.across, component.down];
            for (let y = 0; y < high; y++)
              for (let x = 0; x < wide; x++) {
                const block = (row * component.down + part + y) * stride + column * wide + x;
                reader.readBlock(values, block * 64, i);
              }
          }
        }
    }
  }
  return { planes, lastGood };
}

/** Reads one scan, block by block. */
class PassReader {
  /** Whether the segment has had too few bits: what is left of it has none. */
  isOut = false;
  readonly #pass: Pass;
  readonly #source: { file: Buffer; at: number; unread: number };
  readonly #dc: readonly (Codes | null)[];
  readonly #ac: readonly Codes[];
  readonly #predictions: Int32Array;
  #held = 0;
  #bits = 0;
  #band = 0;
  #toRestart: number;
  #restarts = 0;
  #isSkipped = false;

  constructor(file: Buffer, pass: Pass) {
    this.#pass = pass;
    this.#source = { file, at: pass.at, unread: 0 };
    const isFirstDc = pass.first === 0 && pass.high === 0;
    this.#dc = pass.slots.map(([dc]) => (isFirstDc ? codesOf(pass.dc.get(dc)!) : null));
    this.#ac = pass.last > 0 ? pass.slots.map(([, ac]) => codesOf(pass.ac.get(ac)!)) : [];
    this.#predictions = new Int32Array(pass.components.length);
    this.#toRestart = pass.restartInterval;
  }

  /** Goes past a restart where one is due. */
  startMcu(): void {
    const { restartInterval } = this.#pass;
    if (restartInterval > 0) {
      if (this.#toRestart === 0) this.#restart();
      this.#toRestart--;
    }
    this.#isSkipped = this.isOut;
  }

  /** @param component its place in the scan. */
  readBlock(values: Int16Array, at: number, component: number): void {
    const { first, last, high } = this.#pass;
    if (first === 0) {
      if (last > 0) {
        if (!this.#isSkipped) this.#readWhole(values, at, component);
      } else if (high > 0) values[at] = values[at]! | (this.#take(1) << this.#pass.low);
      else if (!this.#isSkipped) this.#readDc(values, at, component);
    } else if (!this.#isSkipped) {
      if (high === 0) this.#readBand(values, at);
      else this.#refineBand(values, at);
    }
  }

  #restart(): void {
    const source = this.#source;
    this.#bits = 0;
    if (source.unread === 0) source.unread = nextMarker(source);
    resynchronise(source, this.#restarts++ & 7);
    this.#predictions.fill(0);
    this.#band = 0;
    this.#toRestart = this.#pass.restartInterval;
    if (source.unread === 0) this.isOut = false;
  }

  #readDc(values: Int16Array, at: number, component: number): void {
    const size = this.#symbol(this.#dc[component]!);
    const value = this.#predictions[component]! + this.#signed(size);
    this.#predictions[component] = value;
    values[at] = value << this.#pass.low;
  }

  /** All coefficients of a block, as a baseline file has them. */
  #readWhole(values: Int16Array, at: number, component: number): void {
    this.#readDc(values, at, component);
    for (let k = 1; k < 64; k++) {
      const symbol = this.#symbol(this.#ac[component]!);
      const [run, size] = [symbol >> 4, symbol & 15];
      if (size > 0) {
        k += run;
        values[at + naturalOrder[k]!] = this.#signed(size);
      } else if (run === 15) k += 15;
      else break;
    }
  }

  #readBand(values: Int16Array, at: number): void {
    const { first, last, low } = this.#pass;
    if (this.#band > 0) {
      this.#band--;
      return;
    }
    for (let k = first; k <= last; k++) {
      const symbol = this.#symbol(this.#ac[0]!);
      const [run, size] = [symbol >> 4, symbol & 15];
      if (size > 0) {
        k += run;
        values[at + naturalOrder[k]!] = this.#signed(size) << low;
      } else if (run === 15) k += 15;
      else {
        this.#band = (1 << run) + this.#take(run) - 1;
        break;
      }
    }
  }

  #refineBand(values: Int16Array, at: number): void {
    const { first, last, low } = this.#pass;
    const [plus, minus] = [1 << low, -1 << low];
    const refine = (place: number) => {
      const value = values[place]!;
      if (this.#take(1) === 1 && (value & plus) === 0) values[place] = value + (value >= 0 ? plus : minus);
    };
    let k = first;
    if (this.#band === 0) {
      for (; k <= last; k++) {
        const symbol = this.#symbol(this.#ac[0]!);
        let run = symbol >> 4;
        let value = 0;
        if ((symbol & 15) > 0) value = this.#take(1) === 1 ? plus : minus;
        else if (run < 15) {
          this.#band = (1 << run) + this.#take(run);
          break;
        }
        do {
          const place = at + naturalOrder[k]!;
          if (values[place] !== 0) refine(place);
          else if (--run < 0) break;
          k++;
        } while (k <= last);
        if (value !== 0) values[at + naturalOrder[k]!] = value;
      }
    }
    if (this.#band > 0) {
      for (; k <= last; k++) {
        const place = at + naturalOrder[k]!;
        if (values[place] !== 0) refine(place);
      }
      this.#band--;
    }
  }

  /** Loads bytes up to the next marker. */
  #load(bits: number): void {
    const source = this.#source;
    while (this.#bits < bits && source.unread === 0) {
      let value = source.file[source.at++]!;
      if (value === 0xff) {
        let next = 0xff;
        while (next === 0xff) next = source.file[source.at++]!;
        if (next !== 0) {
          source.unread = next;
          return;
        }
        value = 0xff;
      }
      this.#held = ((this.#held & 0xffff) << 8) | value;
      this.#bits += 8;
    }
  }

  /** Bits; zeros, once, where the segment has no more. */
  #take(bits: number): number {
    if (bits === 0) return 0;
    this.#load(bits);
    if (this.#bits < bits) {
      this.isOut = true;
      this.#held = this.#held << (bits - this.#bits);
      this.#bits = bits;
    }
    this.#bits -= bits;
    return (this.#held >>> this.#bits) & ((1 << bits) - 1);
  }

  #signed(bits: number): number {
    const value = this.#take(bits);
    return bits === 0 || value >= 1 << (bits - 1) ? value : value - (1 << bits) + 1;
  }

  #symbol(codes: Codes): number {
    this.#load(16);
    const window = this.#bits >= 16 ? this.#held >>> (this.#bits - 16) : this.#held << (16 - this.#bits);
    const found = codes[window & 0xffff]!;
    this.#take(found >> 8);
    return found & 255;
  }
}
