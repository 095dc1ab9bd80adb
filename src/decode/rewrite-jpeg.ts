import { isSmoothed, smooth } from './block-smoothing.js';
import type { Frame } from './jpeg-segments.js';
import { densest, type JpegWalk } from './jpeg-walk.js';
import { naturalOrder, type Plane, readCoefficients } from './progressive.js';

/** Symbols below this have codes of eight bits, the others of nine. */
const shortSymbols = 128;
const mostInMcu = 10;
/** Bits of a coefficient of an 8-bit image, and the symbols that it needs. */
const mostBits = 10;
const narrowSymbols = [...Array(256).keys()].filter((symbol) =>
  (symbol & 15) === 0 ? symbol === 0 || symbol === 0xf0 : (symbol & 15) <= mostBits,
);
const narrowCodes = new Uint8Array(256);
for (const [code, symbol] of narrowSymbols.entries()) narrowCodes[symbol] = code;

/**
 * A baseline JPEG of the coefficients that libjpeg-turbo 2.1.5 makes of a progressive file whose scans leave something out: then it
 * estimates what is missing, and other versions, mozjpeg's among them, estimate otherwise.
 *
 * @param check runs between two rows of MCUs.
 * @returns null for every other file, and for coefficients that no code has.
 */
export function rewriteJpeg(
  file: Buffer,
  { frame, progression }: Exclude<JpegWalk, { refused: string }>,
  check: () => void,
): Buffer | null {
  if (progression === undefined || !isSmoothed(frame, progression)) return null;
  const coefficients = readCoefficients(file, frame, progression.passes, check);
  smooth(frame, progression, coefficients);
  const { planes } = coefficients;
  const quants = planes.map(({ component }) => progression.quants.get(component)!);
  if (planes.some(({ values }) => values.some((value) => value === -32768))) return null;
  return Buffer.concat([...head(file, frame, quants), ...scans(frame, planes), Buffer.of(0xff, 0xd9)]);
}

/**
 * A grey baseline JPEG of one component, of all its blocks, whose factors have eight bits.
 *
 * @returns null for coefficients that no 8-bit image has.
 */
export function greyJpeg(plane: Plane, factors: Uint16Array): Buffer | null {
  if (plane.values.some((value) => Math.abs(value) >= 1 << mostBits)) return null;
  const [width, height] = [plane.across * 8, plane.down * 8];
  const size = Buffer.of(8, height >> 8, height & 255, width >> 8, width & 255, 1);
  const frame = segment(0xc0, size, Buffer.of(plane.component.id, 0x11, 0));
  const table = segment(0xdb, Buffer.of(0), Uint8Array.from(factors));
  const start = Buffer.of(0xff, 0xd8);
  return Buffer.concat([
    start,
    table,
    frame,
    ...huffmans(true),
    ...scan([plane], blocksOf(plane), true),
    Buffer.of(0xff, 0xd9),
  ]);
}

function segment(marker: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 255), content]);
}

function head(file: Buffer, { width, height, components }: Frame, quants: readonly Uint16Array[]): Buffer[] {
  const tables = quants.map((factors, i) => {
    const wide = Buffer.alloc(129, 0x10 | i);
    for (const [k, factor] of factors.entries()) wide.writeUInt16BE(factor, 1 + 2 * k);
    return segment(0xdb, wide);
  });
  const parts = components.map(({ id, across, down }, i) => Buffer.of(id, (across << 4) | down, i));
  const size = Buffer.of(8, height >> 8, height & 255, width >> 8, width & 255, components.length);
  return [Buffer.of(0xff, 0xd8), ...coloursOf(file), ...tables, segment(0xc1, size, ...parts), ...huffmans()];
}

/** The Huffman tables by which all is written: of every symbol, or of those of 8-bit images, which have codes of one length. */
function huffmans(isNarrow = false): Buffer[] {
  const all = [...Array(256).keys()];
  const dcs = all.slice(0, isNarrow ? mostBits + 2 : 16);
  const dcCounts = Buffer.alloc(16);
  dcCounts[4] = dcs.length;
  const acCounts = Buffer.alloc(16);
  if (isNarrow) acCounts[7] = narrowSymbols.length;
  else acCounts.fill(shortSymbols, 7, 9);
  return [
    segment(0xc4, Buffer.of(0x00), dcCounts, Buffer.from(dcs)),
    segment(0xc4, Buffer.of(0x10), acCounts, Buffer.from(isNarrow ? narrowSymbols : all)),
  ];
}

/** The segments before the first scan that say what the colours are: those of JFIF and of Adobe. */
function coloursOf(file: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = file.indexOf(0xff, 2); at >= 0; at = file.indexOf(0xff, at)) {
    const marker = file[at + 1]!;
    if (marker === 0xda) break;
    if (marker === 0xff || marker < 0xc0 || (marker >= 0xd0 && marker <= 0xd9)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    const end = at + 2 + file.readUInt16BE(at + 2);
    if (marker === 0xe0 || marker === 0xee) found.push(file.subarray(at, end));
    at = end;
  }
  return found;
}

/** One scan of all components, or, where an MCU would have too many blocks, one each. */
function scans(frame: Frame, planes: readonly Plane[]): Buffer[] {
  const blocks = planes.reduce((sum, { component }) => sum + component.across * component.down, 0);
  if (planes.length > 1 && blocks <= mostInMcu) return scan(planes, mcusOf(frame, planes));
  return planes.flatMap((plane) => scan([plane], blocksOf(plane)));
}

/** Where the coefficients of each block begin, in the order of a scan, and whose they are. */
type Blocks = Iterable<readonly [plane: number, at: number]>;

function* blocksOf({ stride, across, down }: Plane): Blocks {
  for (let y = 0; y < down; y++) for (let x = 0; x < across; x++) yield [0, (y * stride + x) * 64];
}

function* mcusOf({ width, height, components }: Frame, planes: readonly Plane[]): Blocks {
  const [mostH, mostV] = densest(components);
  for (let row = 0; row < Math.ceil(height / (8 * mostV)); row++)
    for (let column = 0; column < Math.ceil(width / (8 * mostH)); column++)
      for (const [i, { component, stride }] of planes.entries())
        for (let y = 0; y < component.down; y++)
          for (let x = 0; x < component.across; x++)
            yield [i, ((row * component.down + y) * stride + column * component.across + x) * 64];
}

function scan(planes: readonly Plane[], blocks: Blocks, isNarrow = false): Buffer[] {
  const parts = planes.map(({ component }) => Buffer.of(component.id, 0));
  const header = segment(0xda, Buffer.of(planes.length), ...parts, Buffer.of(0, 63, 0));
  const writer = new BitWriter(isNarrow);
  const predictions = planes.map(() => 0);
  for (const [i, at] of blocks) {
    const { values } = planes[i]!;
    // What comes out has 16 bits, so that a difference may run over.
    const difference = ((values[at]! - predictions[i]! + 0x18000) & 0xffff) - 0x8000;
    predictions[i] = values[at]!;
    const size = sizeOf(difference);
    writer.put(size, 5);
    writer.putValue(difference, size);
    let run = 0;
    for (let k = 1; k < 64; k++) {
      const value = values[at + naturalOrder[k]!]!;
      if (value === 0) {
        run++;
        continue;
      }
      for (; run > 15; run -= 16) writer.putSymbol(0xf0);
      writer.putSymbol((run << 4) | sizeOf(value));
      writer.putValue(value, sizeOf(value));
      run = 0;
    }
    if (run > 0) writer.putSymbol(0x00);
  }
  return [header, writer.end()];
}

const sizeOf = (value: number) => 32 - Math.clz32(Math.abs(value));

/** Bits into bytes, with a zero after each 0xff. */
class BitWriter {
  #bytes = Buffer.allocUnsafe(65536);
  #length = 0;
  #held = 0;
  #bits = 0;
  readonly #isNarrow: boolean;

  constructor(isNarrow: boolean) {
    this.#isNarrow = isNarrow;
  }

  put(value: number, bits: number): void {
    this.#held = (this.#held << bits) | value;
    this.#bits += bits;
    while (this.#bits >= 8) {
      this.#bits -= 8;
      this.#byte((this.#held >>> this.#bits) & 255);
    }
    this.#held &= 255;
  }

  putSymbol(symbol: number): void {
    if (this.#isNarrow) this.put(narrowCodes[symbol]!, 8);
    else if (symbol < shortSymbols) this.put(symbol, 8);
    else this.put(shortSymbols + symbol, 9);
  }

  putValue(value: number, size: number): void {
    if (size > 0) this.put(value < 0 ? value + (1 << size) - 1 : value, size);
  }

  end(): Buffer {
    if (this.#bits > 0) this.put((1 << (8 - this.#bits)) - 1, 8 - this.#bits);
    return this.#bytes.subarray(0, this.#length);
  }

  #byte(value: number): void {
    if (this.#length + 2 > this.#bytes.length) {
      const more = Buffer.allocUnsafe(2 * this.#bytes.length);
      this.#bytes.copy(more);
      this.#bytes = more;
    }
    this.#bytes[this.#length++] = value;
    if (value === 255) this.#bytes[this.#length++] = 0;
  }
}
