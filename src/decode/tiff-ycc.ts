import type { Box } from '../sample/draw.js';
import { corruptSample } from './corrupt.js';
import type { Crop } from './crop.js';
import { cropBuffer } from './crop-buffers.js';
import { clockOf } from './decode-timeout.js';
import { decodeOldJpeg } from './old-jpeg.js';
import { placing } from './orientation.js';
import type { TiffDirectory } from './tiff-directory.js';
import type { TiffPage } from './tiff-page.js';
import { decodePiece } from './tiff-pieces.js';
import { yccToRgb } from './ycc-colour.js';

/** A strip, tile or image in YCbCr: where a pixel's three levels are. */
interface Shared {
  readonly across: number;
  readonly down: number;
  readonly top: number;
  readonly left: number;
  readonly columns: number;
  readonly rows: number;
  levels(x: number, y: number): readonly [y: number, cb: number, cr: number];
}

const oldJpeg = 6;
/** Rows between two looks at the clock. */
const someRows = 256;

/**
 * Decodes a page in YCbCr, whose pixels libtiff makes colours of for Pillow.
 *
 * Source: Pillow 9.4 TiffDecode.c, `_decodeAsRGBA`; libtiff 4.5.0 tif_getimage.c.
 *
 * @throws TributaryError SAMPLE_CORRUPT where Pillow refuses it; DECODE_TIMEOUT beyond `seconds`.
 */
export async function decodeYccPage(
  file: Buffer,
  page: TiffPage,
  read: TiffDirectory,
  box: Box,
  seconds: number,
): Promise<Crop> {
  const check = clockOf(seconds);
  const convert = yccToRgb(read.luma, read.ranges);
  if (convert === null) throw corruptSample('data', 'a TIFF file in YCbCr of a range that is none');
  const place = placing(page, page.orientation, box);
  const pieces =
    read.compression === oldJpeg ? [wholeImage(file, page, read, seconds, check)] : piecesOf(file, page, read, check);
  const { data, give } = cropBuffer(box.width * box.height * 3);
  try {
    for await (const { top, left, columns, rows, levels } of pieces) {
      check();
      const right = Math.min(left + columns, place.right);
      for (let y = Math.max(top, place.top); y < Math.min(top + rows, place.bottom); y++) {
        if (y % someRows === 0) check();
        for (let x = Math.max(left, place.left); x < right; x++) {
          const [luminance, cb, cr] = levels(x - left, y - top);
          convert(luminance, cb, cr, data, place.at(x, y));
        }
      }
    }
  } catch (error) {
    give();
    throw error;
  }
  return { data, width: box.width, height: box.height, give };
}

/** An image in JPEG of the old style, which has one stream. */
function wholeImage(
  file: Buffer,
  { width, height }: TiffPage,
  read: TiffDirectory,
  seconds: number,
  check: () => void,
): Shared {
  const { planes, across, down } = decodeOldJpeg(file, read, seconds, check);
  const [luma, blue, red] = planes;
  return {
    ...{ across, down, top: 0, left: 0, columns: width, rows: height },
    levels(x, y) {
      const [column, row] = [Math.floor(x / across), Math.floor(y / down)];
      const shared = row * blue!.width + column;
      return [luma!.data[y * luma!.width + x]!, blue!.data[shared]!, red!.data[row * red!.width + column]!];
    },
  };
}

/** Strips or tiles, in which the levels that share their colours stand together, and their colours behind them. */
async function* piecesOf(file: Buffer, page: TiffPage, read: TiffDirectory, check: () => void): AsyncGenerator<Shared> {
  const { width, height, across: wide, down: high, isTiled } = page;
  const [across, down] = read.isPlanar ? [1, 1] : read.subsampling;
  const perRow = Math.ceil(width / wide);
  const count = perRow * Math.ceil(height / high);
  const block = read.isPlanar ? 1 : across * down + 2;
  const row = Math.ceil(wide / across) * block;
  for (let index = 0; index < count; index++) {
    check();
    const top = Math.floor(index / perRow) * high;
    const rows = Math.min(high, height - top);
    const length = row * Math.ceil((isTiled ? high : rows) / down);
    const layers: Buffer[] = [];
    for (let plane = 0; plane < (read.isPlanar ? 3 : 1); plane++)
      layers.push(await levelsAt(file, page, read, plane * count + index, row, length, check));
    yield {
      ...{ across, down, top, left: (index % perRow) * wide, columns: wide, rows },
      levels(x, y) {
        if (read.isPlanar) return [layers[0]![y * row + x]!, layers[1]![y * row + x]!, layers[2]![y * row + x]!];
        const at = Math.floor(y / down) * row + Math.floor(x / across) * block;
        const [data] = layers;
        const colours = at + across * down;
        return [data![at + (y % down) * across + (x % across)]!, data![colours]!, data![colours + 1]!];
      },
    };
  }
}

/** One strip or tile. Where it is damaged libtiff goes on, with black in its place. */
async function levelsAt(
  file: Buffer,
  page: TiffPage,
  read: TiffDirectory,
  index: number,
  row: number,
  length: number,
  check: () => void,
): Promise<Buffer> {
  const [start, given] = [page.offsets[index] ?? 0, page.lengths[index] ?? 0];
  if (given === 0 || start + given > file.length) throw corruptSample('data', 'a TIFF file that is cut');
  const { compression, predictor, isReversed, isLittle } = page;
  const samples = read.isPlanar ? 1 : 3;
  const coding = { compression, predictor, isReversed, isLittle, samples, bits: 8, isFloat: false, width: page.across };
  const decoded = await decodePiece(file.subarray(start, start + given), row, length, coding, check);
  return decoded ?? Buffer.alloc(length);
}
