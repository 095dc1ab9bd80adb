import { corruptSample } from './corrupt.js';
import type { TiffDirectory } from './tiff-directory.js';

const jpegCompression = 7;
/** Tags that are kept as they are: what samples beyond the colours are, and which pixels share their colours. */
const kept = [338, 530];
const jpegTables = 347;
const [shortType, longType, bytesType] = [3, 4, 7];

/**
 * The first page of a file as a TIFF of its own, with those tags alone that libvips needs: it would complain of what Pillow never reads.
 *
 * @throws TributaryError SAMPLE_CORRUPT where a strip or tile is not there, or is of a kind of JPEG that libjpeg-turbo does not know.
 */
export function rewriteTiff(file: Buffer, directory: TiffDirectory): Buffer {
  const { width, height, bits, samples, compression, isTiled, tileWidth, tileHeight, rowsPerStrip } = directory;
  const pieces = directory.offsets.map((offset, i) => {
    const piece = file.subarray(offset, offset + directory.lengths[i]!);
    if (piece.length === 0 || piece.length < directory.lengths[i]!)
      throw corruptSample('data', 'a TIFF file that is cut');
    if (compression === jpegCompression && isLossless(piece))
      throw corruptSample('data', 'a TIFF file with lossless JPEG in it');
    return piece;
  });
  const tables = compression === jpegCompression ? directory.bytes(jpegTables) : undefined;
  const count = 11 + (isTiled ? 1 : 0) + (tables === undefined ? 0 : 1) + kept.length;
  const head = 8 + 2 + 12 * count + 4;
  let extra = Buffer.alloc(0);
  const entries: (readonly [tag: number, type: number, count: number, value: Buffer])[] = [];
  const add = (tag: number, type: number, values: readonly number[]) => {
    const bytes = type === shortType ? 2 : 4;
    const value = Buffer.alloc(values.length * bytes);
    for (const [i, each] of values.entries()) value.writeUIntLE(each, i * bytes, bytes);
    entries.push([tag, type, values.length, value]);
  };
  const lengths = pieces.map((piece) => piece.length);
  let end = head;
  const places = lengths.map((length) => {
    end += length;
    return end - length;
  });
  add(256, longType, [width]);
  add(257, longType, [height]);
  add(258, shortType, Array<number>(samples).fill(bits));
  add(259, shortType, [compression]);
  add(262, shortType, [directory.photometric]);
  add(266, shortType, [directory.fillOrder]);
  add(isTiled ? 324 : 273, longType, places);
  add(277, shortType, [samples]);
  if (!isTiled) add(278, longType, [Math.min(height, rowsPerStrip)]);
  add(isTiled ? 325 : 279, longType, lengths);
  add(284, shortType, [1]);
  if (isTiled) add(322, longType, [tileWidth]);
  if (isTiled) add(323, longType, [tileHeight]);
  for (const tag of kept) {
    const values = directory.whole(tag);
    if (values.length > 0) add(tag, shortType, values);
  }
  if (tables !== undefined) entries.push([jpegTables, bytesType, tables.length, tables]);
  const list = Buffer.alloc(head);
  list.write('II*\0', 'latin1');
  list.writeUInt32LE(8, 4);
  list.writeUInt16LE(entries.length, 8);
  for (const [i, [tag, type, values, value]] of entries.sort(([a], [b]) => a - b).entries()) {
    const at = 10 + 12 * i;
    list.writeUInt16LE(tag, at);
    list.writeUInt16LE(type, at + 2);
    list.writeUInt32LE(values, at + 4);
    if (value.length <= 4) value.copy(list, at + 8);
    else {
      list.writeUInt32LE(end + extra.length, at + 8);
      extra = Buffer.concat([extra, value]);
    }
  }
  return Buffer.concat([list, ...pieces, extra]);
}

/** Whether a JPEG's frame is of the kind that mozjpeg reads and libjpeg-turbo 2.1.5 does not. */
function isLossless(piece: Buffer): boolean {
  for (let at = 2; at + 4 <= piece.length && piece[at] === 0xff; at += 2 + piece.readUInt16BE(at + 2)) {
    if (piece[at + 1] === 0xc3) return true;
    if (piece[at + 1] === 0xda) return false;
  }
  return false;
}
