import { decodeZstandard } from '../packing/zstandard.js';
import { decodeFax, type FaxForm } from './fax.js';
import { inflateSound } from './inflate.js';
import { inflatePiece } from './inflate-rows.js';
import { decodeXz } from './xz.js';

/** How the bytes of a strip or tile are coded. */
export interface Coding {
  /** As TIFF numbers it: 1 for none. */
  readonly compression: number;
  /** 1 for none, 2 for differences between samples, 3 for differences between bytes of floats. */
  readonly predictor: number;
  /** Whether bits are the other way round in each byte of the file. */
  readonly isReversed: boolean;
  readonly isLittle: boolean;
  /** Samples that lie side by side, and bits of each. */
  readonly samples: number;
  readonly bits: number;
  readonly isFloat: boolean;
  /** Pixels of a row, and how fax has them. */
  readonly width: number;
  readonly fax?: FaxForm | undefined;
}

export const zstandard = 50000;
const lzma = 34925;

/** Fax of three forms, LZW, deflate by both its numbers, PackBits, LZMA and Zstandard. */
export const codings: ReadonlySet<number> = new Set([2, 3, 4, 5, 8, 32773, 32946, lzma, zstandard]);
/** Of these, those that can hold differences. */
export const withPredictor: ReadonlySet<number> = new Set([5, 8, 32946, lzma, zstandard]);

/**
 * Decodes one strip or tile whole, to bytes in the order of the file.
 *
 * Source: libtiff 4.5.0 tif_lzw.c, tif_zip.c, tif_packbits.c, tif_predict.c.
 *
 * @param row bytes of a row.
 * @param check runs now and then.
 * @returns `length` bytes; null where libtiff reports an error.
 */
export async function decodePiece(
  bytes: Buffer,
  row: number,
  length: number,
  coding: Coding,
  check: () => void,
): Promise<Buffer | null> {
  if (!isKnownPredictor(coding)) return null;
  const piece = coding.isReversed ? reversedBits(bytes) : bytes;
  const { fax, width } = coding;
  const data =
    fax === undefined
      ? await decompress(piece, length, coding.compression, check)
      : decodeFax(reversedBits(piece), width, row, length, fax, check);
  if (data === null) return null;
  if (coding.predictor === 2) addAcross(data, row, coding, check);
  if (coding.predictor === 3) joinFloats(data, row, coding, check);
  return data;
}

function isKnownPredictor({ predictor, bits, isFloat }: Coding): boolean {
  return predictor === 1 || (predictor === 2 && [8, 16, 32].includes(bits)) || (predictor === 3 && isFloat);
}

/** The same bytes with the bits of each the other way round. */
export function reversedBits(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte) => mirrored[byte]!));
}

const mirrored = Uint8Array.from({ length: 256 }, (_, byte) => {
  let turned = 0;
  for (let i = 0; i < 8; i++) turned |= ((byte >> i) & 1) << (7 - i);
  return turned;
});

/** Bytes between two looks at the clock. */
const stretch = 4 * 1024 * 1024;

async function decompress(
  bytes: Buffer,
  length: number,
  compression: number,
  check: () => void,
): Promise<Buffer | null> {
  if (compression === 5) return lzw(bytes, length, check);
  if (compression === 32773) return packBits(bytes, length, check);
  if (compression === lzma) return decodeXz(bytes, length, check);
  if (compression === zstandard) return decodeZstandard(bytes, length, check);
  const inflated = await inflateSound(bytes, length, length + 65536, check);
  return inflated?.data ?? inflatePiece(bytes, length, check);
}

function packBits(bytes: Buffer, length: number, check: () => void): Buffer | null {
  const out = Buffer.alloc(length);
  let to = 0;
  let look = 0;
  for (let at = 0; to < length && at < bytes.length; ) {
    if (to >= look) {
      check();
      look = to + stretch;
    }
    const code = bytes.readInt8(at++);
    if (code === -128) continue;
    const end = Math.min(length, to + Math.abs(code) + 1);
    const count = end - to;
    if (code < 0) {
      if (at >= bytes.length) return null;
      out.fill(bytes[at++]!, to, end);
    } else {
      if (at + count > bytes.length) return null;
      bytes.copy(out, to, at, at + count);
      at += count;
    }
    to = end;
  }
  return to < length ? null : out;
}

const [clearCode, endCode, mostBits] = [256, 257, 12];
/** libtiff's table goes on behind the last code that can be written. */
const tableSize = 2 ** mostBits - 1 + 1024;

/**
 * Codes of 9 to 12 bits, high bits first, whose width grows one code early. Old files have low bits first, and a width that grows
 * when it must; their first code shows it.
 */
function lzw(bytes: Buffer, length: number, check: () => void): Buffer | null {
  const out = Buffer.alloc(length);
  const links = new Uint16Array(tableSize);
  const firsts = new Uint8Array(tableSize);
  const lasts = new Uint8Array(tableSize);
  const lengths = new Uint16Array(tableSize).fill(1, 0, 256);
  for (let i = 0; i < 256; i++) firsts[i] = lasts[i] = i;
  const isOld = bytes.length >= 2 && bytes[0] === 0 && (bytes[1]! & 1) === 1;
  const early = isOld ? 0 : 1;
  // Before a clear code there is no table to add to.
  let [at, held, bits, width, next, old, to] = [0, 0, 0, 9, tableSize, 0, 0];
  let look = 0;
  while (to < length) {
    if (to >= look) {
      check();
      look = to + stretch;
    }
    while (bits < width) {
      if (at >= bytes.length) return null;
      held = isOld ? held | (bytes[at++]! << bits) : ((held << 8) | bytes[at++]!) & 0xffffff;
      bits += 8;
    }
    bits -= width;
    const code = (isOld ? held : held >>> bits) & ((1 << width) - 1);
    if (isOld) held >>>= width;
    if (code === endCode) return null;
    if (code === clearCode) {
      [width, next, old] = [9, 258, -1];
      continue;
    }
    if (old < 0) {
      if (code > 255) return null;
      out[to++] = code;
      old = code;
      continue;
    }
    if (code > next || next >= tableSize) return null;
    links[next] = old;
    firsts[next] = firsts[old]!;
    lengths[next] = lengths[old]! + 1;
    // A code that is just being made is the last string, and its first byte again.
    lasts[next] = firsts[code === next ? old : code]!;
    next++;
    if (next >= (1 << width) - early && width < mostBits) width++;
    let string = code;
    for (let place = to + lengths[code]! - 1; place >= to; place--) {
      if (place < length) out[place] = lasts[string]!;
      string = links[string]!;
    }
    to += lengths[code]!;
    old = code;
  }
  return out;
}

/** Every sample is the difference to that of the pixel before it. */
function addAcross(data: Buffer, row: number, { samples, bits, isLittle }: Coding, check: () => void): void {
  const step = (samples * bits) / 8;
  const bytes = bits / 8;
  let look = 0;
  for (let start = 0; start < data.length; start += row) {
    const end = Math.min(data.length, start + row);
    for (let at = start + step; at + bytes <= end; at += bytes) {
      if (at >= look) {
        check();
        look = at + stretch;
      }
      let carry = 0;
      for (let i = 0; i < bytes; i++) {
        const place = at + (isLittle ? i : bytes - 1 - i);
        const sum = data[place]! + data[place - step]! + carry;
        data[place] = sum;
        carry = sum >> 8;
      }
    }
  }
}

/** The bytes of a row's floats lie highest first, all of one rank together, each the difference to the one before. */
function joinFloats(data: Buffer, row: number, { samples, bits, isLittle }: Coding, check: () => void): void {
  const bytes = bits / 8;
  const count = row / bytes;
  for (let start = 0; start + row <= data.length; start += row) {
    for (let i = samples; i < row; i++) {
      if (i % stretch === 0) check();
      data[start + i] = data[start + i]! + data[start + i - samples]!;
    }
    const planes = Buffer.from(data.subarray(start, start + row));
    for (let i = 0; i < count; i++) {
      if (i % stretch === 0) check();
      for (let rank = 0; rank < bytes; rank++)
        data[start + i * bytes + (isLittle ? bytes - 1 - rank : rank)] = planes[rank * count + i]!;
    }
  }
}
