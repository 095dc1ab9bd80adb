import type { Box } from '../sample/draw.js';
import { corruptSample } from './corrupt.js';
import type { Crop, ImageSize } from './crop.js';
import { cropBuffer } from './crop-buffers.js';
import { clockOf } from './decode-timeout.js';
import type { FaxForm } from './fax.js';
import { type Orientation, placing } from './orientation.js';
import { decodePiece, reversedBits } from './tiff-pieces.js';
import { type TiffKind, unpackRow } from './tiff-pixels.js';

/** Rows, and pixels of a row, between two looks at the clock. */
const [someRows, longRun] = [256, 65536];

/** A page, and where its pixels lie. */
export interface TiffPage extends ImageSize {
  readonly kind: TiffKind;
  readonly compression: number;
  readonly predictor: number;
  /** How fax has its rows. */
  readonly fax?: FaxForm | undefined;
  readonly isReversed: boolean;
  readonly isLittle: boolean;
  /** Whether each sample has strips or tiles of its own. */
  readonly isPlanar: boolean;
  /** Extent of a tile, all of which is there, or of a strip, which is as wide as the image. */
  readonly isTiled: boolean;
  readonly across: number;
  readonly down: number;
  /** Bytes of a row of a strip or tile, as it is decoded: of one sample where each has its own. */
  readonly row: number;
  readonly offsets: readonly number[];
  /** Of what is compressed. */
  readonly lengths: readonly number[];
  readonly palette: Buffer;
  readonly orientation: Orientation;
}

/** Bytes that decoding takes beside the file: a strip or tile, as it is decoded and as its planes are joined. */
export function memoryOf(page: TiffPage): number {
  return page.down * page.row * (page.isPlanar ? 3 * page.kind.samples : 2);
}

/**
 * Decodes all strips or tiles of a page, and writes the box's pixels.
 *
 * Source: Pillow 9.4 TiffDecode.c, `_decodeStrip` and `_decodeTile`; TiffImagePlugin.py, `_setup`, for what is not compressed.
 *
 * @throws TributaryError SAMPLE_CORRUPT where one is damaged or not there; DECODE_TIMEOUT beyond `seconds`.
 */
export async function decodePage(file: Buffer, page: TiffPage, box: Box, seconds: number): Promise<Crop> {
  const { width, height, across, down, kind } = page;
  const { data, give } = cropBuffer(box.width * box.height * 3);
  data.fill(0);
  const place = placing(page, page.orientation, box);
  const columns = Math.ceil(width / across);
  const pieces = columns * Math.ceil(height / down);
  const stride = page.isPlanar ? (across * kind.samples * kind.bits) / 8 : page.row;
  // What libtiff gives to Pillow is in the machine's order, which Pillow forgets of 32 bits.
  const isLittle = page.isLittle || (page.compression !== 1 && kind.bits === 32);
  const check = clockOf(seconds);
  try {
    for (const index of orderOf(page, pieces)) {
      check();
      const top = Math.floor((index % pieces) / columns) * down;
      const left = (index % columns) * across;
      const needed = { columns: Math.min(across, width - left), rows: Math.min(down, height - top) };
      const piece = await pieceAt(file, page, index, pieces, needed, check);
      const [from, to] = [Math.max(left, place.left), Math.min(left + needed.columns, place.right)];
      if (piece === null || from >= to) continue;
      const run = Buffer.alloc(Math.min(to - from, longRun) * 3);
      for (let y = Math.max(top, place.top); y < Math.min(top + needed.rows, place.bottom); y++) {
        if (y % someRows === 0) check();
        const row = piece.subarray((y - top) * stride);
        for (let x = from; x < to; x += longRun) {
          if (x > from) check();
          const rgb = run.subarray(0, (to - x) * 3);
          unpackRow(row, x - left, rgb, kind, isLittle, page.palette);
          for (let i = 0, at = place.at(x, y); i < rgb.length; i += 3, at += place.step) {
            data[at] = rgb[i]!;
            data[at + 1] = rgb[i + 1]!;
            data[at + 2] = rgb[i + 2]!;
          }
        }
      }
    }
  } catch (error) {
    give();
    throw error;
  }
  return { data, width: box.width, height: box.height, give };
}

/** Strips or tiles in the order in which Pillow reads them. Uncompressed ones can be too many, and lie over each other, or too few. */
function orderOf({ compression, isPlanar, offsets }: TiffPage, pieces: number): Iterable<number> {
  if (compression !== 1 || isPlanar) return Array(pieces).keys();
  return [...offsets.keys()].sort((a, b) => offsets[a]! - offsets[b]!);
}

interface Needed {
  readonly columns: number;
  readonly rows: number;
}

/**
 * The bytes of one strip or tile, samples side by side.
 *
 * @returns null where the file has none, and Pillow leaves what it would hold black.
 */
async function pieceAt(
  file: Buffer,
  page: TiffPage,
  index: number,
  pieces: number,
  needed: Needed,
  check: () => void,
): Promise<Buffer | null> {
  const { across, kind, isPlanar } = page;
  if (!isPlanar) return layerAt(file, page, index, needed, check);
  const layers: (Buffer | null)[] = [];
  for (let plane = 0; plane < kind.samples; plane++)
    layers.push(await layerAt(file, page, plane * pieces + index, needed, check));
  const bytes = kind.bits / 8;
  const joined = Buffer.alloc(across * page.down * kind.samples * bytes);
  for (const [plane, layer] of layers.entries())
    for (let i = 0, from = 0; layer !== null && from < layer.length; i++)
      for (let byte = 0; byte < bytes; byte++) joined[(i * kind.samples + plane) * bytes + byte] = layer[from++]!;
  return joined;
}

/** One strip or tile as it is stored. Of uncompressed ones what is needed must be there, of others all. */
async function layerAt(
  file: Buffer,
  page: TiffPage,
  index: number,
  needed: Needed,
  check: () => void,
): Promise<Buffer | null> {
  const { compression, kind, isPlanar, isReversed, isTiled, predictor, isLittle, row, fax } = page;
  const whole = row * (isTiled ? page.down : needed.rows);
  const samples = isPlanar ? 1 : kind.samples;
  const start = page.offsets[index];
  if (compression === 1) {
    if (start === undefined) return null;
    const last = Math.ceil((needed.columns * samples * kind.bits) / 8);
    if (start + (needed.rows - 1) * row + last > file.length) throw cut();
    const bytes = file.subarray(start, start + whole);
    return isReversed ? reversedBits(bytes) : bytes;
  }
  const given = page.lengths[index] ?? 0;
  // libtiff takes no more than this of what is much longer than its pixels.
  const length = (given - 4096) / 10 > row * page.down && given > 2 ** 20 ? row * page.down * 10 + 4096 : given;
  if (start === undefined || length === 0 || start + length > file.length) throw cut();
  const { bits, format } = kind;
  const coding = {
    compression,
    predictor,
    isReversed,
    isLittle,
    samples,
    bits,
    isFloat: format === 'float',
    width: page.across,
    fax,
  };
  const decoded = await decodePiece(file.subarray(start, start + length), row, whole, coding, check);
  if (decoded === null) throw corruptSample('data', 'a TIFF file with a damaged strip or tile');
  return decoded;
}

const cut = () => corruptSample('data', 'a TIFF file that is cut');
