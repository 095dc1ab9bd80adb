import { mostBlock } from '../packing/zstandard-block.js';
import { corruptSample } from './corrupt.js';
import { type Directory, readDirectory, wholeAt } from './exif.js';
import type { FaxForm } from './fax.js';
import type { Format, Header } from './header.js';
import { fullPalette } from './indexed.js';
import { orientationOf, seenSize } from './orientation.js';
import { rewriteTiff } from './rewrite-tiff.js';
import { readTiffDirectory, type TiffDirectory } from './tiff-directory.js';
import { decodePage, memoryOf, type TiffPage } from './tiff-page.js';
import { codings, withPredictor, zstandard } from './tiff-pieces.js';
import { kindOf, type TiffKind } from './tiff-pixels.js';
import { decodeYccPage } from './tiff-ycc.js';

const tags = {
  ...{ width: 256, height: 257, bits: 258, compression: 259, photometric: 262, fillOrder: 266, stripOffsets: 273 },
  ...{ orientation: 274, samples: 277, rowsPerStrip: 278, stripLengths: 279, planes: 284, predictor: 317 },
  ...{ colours: 320, tileWidth: 322, tileHeight: 323, tileOffsets: 324, tileLengths: 325, extra: 338 },
  ...{ sampleFormat: 339, mediaPhoto: 0xbc01, dngVersion: 50706 },
} as const;

/** Fax of its three forms, whose rows follow the row above where a tag says so, or always. */
const faxes: ReadonlyMap<number, FaxForm> = new Map([
  [2, 'rows'],
  [3, 'group 3'],
  [4, 'group 4'],
]);
const groupThreeOptions = 292;
const jpegCompression = 7;
const webpCompression = 50001;
const oldJpeg = 6;
const ycc = 6;
/** What libvips decodes. */
const loaded: ReadonlySet<number> = new Set([jpegCompression, webpCompression]);
const mostSamples = 6;

/**
 * TIFF: the first page, uncompressed, in LZW, deflate, PackBits, fax, LZMA, Zstandard or JPEG of the old style, in every kind of pixel that
 * Pillow knows but Lab; other JPEG, and WebP, by libvips. Others are refused by their name.
 */
export const tiff: Format = {
  name: 'tiff',
  loader: 'VipsForeignLoadTiffBuffer',
  matches: (bytes) => ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(bytes.toString('latin1', 0, 4)),
  read(bytes): Header | null {
    const isLittle = bytes[0] === 0x49;
    const isBig = bytes[2] === 43;
    // BigTIFF in the other order of bytes Pillow does not know.
    if (bytes[3] === 43 || bytes.length < (isBig ? 16 : 8)) return null;
    const at = wholeAt(bytes, isBig ? 8 : 4, isBig ? 8 : 4, isLittle);
    const directory = readDirectory(bytes, at, isLittle, { isBig });
    if (directory.entries.has(tags.dngVersion)) throw corruptSample('format', 'a DNG file, which is not read');
    const page = readPage(directory, () => readTiffDirectory(bytes, at, isLittle, isBig));
    if (page === null) return null;
    const { width, height, kind, orientation, read } = page;
    const mostPixels = page.across * (page.compression === oldJpeg ? Math.max(page.down, height) : page.down);
    const seen = { ...seenSize(page, orientation), mostPixels };
    if (read !== undefined && loaded.has(read.compression)) {
      // The pixels, once as libvips has them and once as they come out, and the file that is written for it.
      const memory = 8 * width * height + bytes.length;
      const isCmyk = kind.colour === 'cmyk';
      return { ...seen, memory, decodesAll: true, isCmyk, orientation, rewrite: (same) => rewriteTiff(same, read) };
    }
    // Of Zstandard the literals of a block too, and what it has beyond the end.
    const window = page.compression === zstandard ? 2 * mostBlock : 0;
    if (read !== undefined && kind.isYcc) {
      // Of old JPEG the coefficients too, and what they are written into.
      const memory = memoryOf(page) + window + (read.compression === oldJpeg ? 20 * width * height : 0);
      return { ...seen, memory, decode: (same, box, { seconds }) => decodeYccPage(same, page, read, box, seconds) };
    }
    const memory = memoryOf(page) + window;
    return { ...seen, memory, decode: (same, box, { seconds }) => decodePage(same, page, box, seconds) };
  },
};

/**
 * Source: Pillow 9.4 TiffImagePlugin.py, `_setup`.
 *
 * @param readLibtiff what libtiff reads of the same directory, which decodes what is compressed.
 * @throws TributaryError SAMPLE_CORRUPT for a kind of file that is not read.
 * @returns null where Pillow refuses the file.
 */
function readPage(
  directory: Directory,
  readLibtiff: () => TiffDirectory | null,
): (TiffPage & { readonly read?: TiffDirectory }) | null {
  const all = (tag: number) => valuesOf(directory, tag);
  const one = (tag: number, otherwise: number) => all(tag)[0] ?? otherwise;
  const { isLittle } = directory;
  const [width, height] = [one(tags.width, 0), one(tags.height, 0)];
  const compression = one(tags.compression, 1);
  const samples = one(tags.samples, compression === oldJpeg ? 3 : 1);
  const given = all(tags.bits);
  if (width === 0 || height === 0 || samples > mostSamples || directory.entries.has(tags.mediaPhoto)) return null;
  const listed = given.length === 0 ? [1] : given;
  const bits = listed.length === 1 ? Array<number>(samples).fill(listed[0]!) : listed.slice(0, samples);
  if (bits.length !== samples) return null;
  const format = all(tags.sampleFormat);
  const extra = all(tags.extra);
  const fillOrder = one(tags.fillOrder, 1);
  const photometric = compression === oldJpeg ? ycc : one(tags.photometric, 0);
  const asked = { photometric, format: format.length === 0 ? [1] : format, fillOrder, bits, extra, isLittle };
  const kind = kindOf(asked);
  // Where a pixel is one sample, planes are nothing else than the image.
  const isPlanar = samples > 1 && one(tags.planes, 1) === 2;
  if (kind === null || !isRead(kind, compression, isPlanar)) {
    const what = `compression ${compression}, kind ${photometric}:${bits.join()}:${extra.join()}, planes ${isPlanar ? 'apart' : 'together'}`;
    throw corruptSample('format', `a TIFF file that is not read: ${what}`);
  }
  if (kind.colour === 'palette' && !directory.entries.has(tags.colours)) return null;
  const page = {
    ...{ width, height, compression, isLittle },
    palette: kind.colour === 'palette' ? paletteOf(all(tags.colours)) : fullPalette(null),
    orientation: orientationOf(directory.entries.get(tags.orientation)?.type === 3 ? one(tags.orientation, 1) : 1),
  };
  if (compression !== 1) {
    const read = readLibtiff();
    const layout = read === null ? null : layoutOf(read, kind, width, height, extra.length === 0);
    return read && layout && { ...page, ...layout, read };
  }
  // Of these Pillow's own decoder knows no form with the bits the other way round.
  const isUnknown = kind.colour === 'palette' ? kind.bits < 8 : kind.isInverted && kind.bits === 8;
  if (fillOrder === 2 && isUnknown) return null;
  const isTiled = !directory.entries.has(tags.stripOffsets);
  const offsets = all(isTiled ? tags.tileOffsets : tags.stripOffsets);
  const across = isTiled ? one(tags.tileWidth, 0) : width;
  const down = isTiled ? one(tags.tileHeight, 0) : Math.min(height, one(tags.rowsPerStrip, height));
  if (offsets.length === 0 || across === 0 || down === 0) return null;
  // Pillow has no memory for more.
  if (across * down * samples * (kind.bits / 8) > mostBytes) return null;
  const pieces = Math.ceil(width / across) * Math.ceil(height / down);
  if (isPlanar && offsets.length > pieces * samples) return null;
  // Of planes of 16 bits Pillow takes the first bytes for ones of 8, and YCbCr for colours, four bytes each where they lie together.
  const isWide = kind.isYcc && !isPlanar;
  const stored = isPlanar ? { ...kind, bits: 8 } : isWide ? { ...kind, samples: 4 } : kind;
  if (isWide && isTiled)
    throw corruptSample('format', 'a TIFF file that is not read: YCbCr in tiles that are not compressed');
  const row = Math.ceil((across * (isPlanar ? 1 : stored.samples) * stored.bits) / 8);
  const isReversed = fillOrder === 2;
  return {
    ...page,
    kind: stored,
    isPlanar,
    isTiled,
    across,
    down,
    row,
    offsets,
    lengths: [],
    predictor: 1,
    isReversed,
  };
}

/** Pillow has no memory for more in one strip or tile. */
const mostBytes = 2 ** 31 - 2;

/**
 * Where the pixels lie that libtiff decodes, and how.
 *
 * Source: Pillow 9.4 TiffDecode.c, `ImagingLibTiffDecode`, `_decodeStrip` and `_decodeTile`.
 *
 * @returns null where Pillow refuses what libtiff has read.
 */
function layoutOf(read: TiffDirectory, kind: TiffKind, width: number, height: number, isBare: boolean) {
  if (read.width !== width || read.height !== height) return null;
  if (kind.isYcc && read.compression !== jpegCompression) return yccLayoutOf(read, kind);
  const isPlanar = read.isPlanar && kind.samples > 1;
  if (isPlanar && (read.bits !== kind.bits || read.samples < kind.samples)) return null;
  const planes = isPlanar ? kind.samples : 1;
  const { isTiled } = read;
  const form = faxes.get(read.compression);
  if (form !== undefined && read.bits !== 1) return null;
  const across = isTiled ? read.tileWidth : width;
  const rows = Number.isFinite(read.rowsPerStrip) ? read.rowsPerStrip : height;
  const down = isTiled ? read.tileHeight : Math.min(height, rows);
  const row = Math.ceil((across * read.bits * (read.isPlanar ? 1 : read.samples)) / 8);
  if (row * down > mostBytes) return null;
  // Pillow's rows can be others than libtiff's, whose tags can be others.
  const bits = Math.floor((kind.bits * kind.samples * (isTiled ? down : width)) / planes);
  const awaited = Math.floor((bits + 7) / 8);
  if (row * down > awaited * (isTiled ? across : rows) || (!isTiled && row < awaited)) return null;
  // Alpha of which nothing is said libtiff has for such that colours are multiplied with.
  const isMultiplied = isPlanar && kind.colour === 'rgb' && kind.samples === 4 && isBare;
  return {
    kind: isMultiplied ? ({ ...kind, colour: 'premultiplied' } as const) : kind,
    compression: read.compression,
    ...{ isPlanar, isTiled, across, down, row, offsets: read.offsets, lengths: read.lengths },
    predictor: withPredictor.has(read.compression) ? read.predictor : 1,
    isReversed: read.fillOrder === 2,
    fax: form === 'group 3' && ((read.whole(groupThreeOptions)[0] ?? 0) & 1) === 1 ? 'group 3 in two dimensions' : form,
  } as const;
}

/** As above, where libtiff makes colours of YCbCr. */
function yccLayoutOf(read: TiffDirectory, kind: TiffKind) {
  const { isTiled, isPlanar, width, height, subsampling, samples, bits } = read;
  if (read.photometric !== ycc || samples !== 3 || bits !== 8) return null;
  const [h, v] = isPlanar ? [1, 1] : subsampling;
  if (![11, 12, 21, 22, 41, 42, 44].includes(h * 10 + v)) return null;
  if (isPlanar && subsampling.some((each) => each !== 1)) return null;
  const across = isTiled ? read.tileWidth : width;
  const down = isTiled ? read.tileHeight : Math.min(height, read.rowsPerStrip);
  return {
    ...{ kind, compression: read.compression, isPlanar, isTiled, across, down, row: 3 * across },
    ...{ offsets: read.offsets, lengths: read.lengths, isReversed: read.fillOrder === 2 },
    predictor: withPredictor.has(read.compression) ? read.predictor : 1,
  };
}

function isRead(kind: TiffKind, compression: number, isPlanar: boolean): boolean {
  const { colour, samples, bits, isYcc } = kind;
  if (faxes.has(compression)) return bits === 1 && colour === 'grey' && !isPlanar;
  if (compression === jpegCompression) return bits === 8 && !isPlanar && (samples < 4 || colour === 'cmyk');
  if (compression === webpCompression) return bits === 8 && !isPlanar && colour === 'rgb' && !isYcc && samples < 5;
  if (compression === oldJpeg) return isYcc === true && !isPlanar;
  if (compression !== 1 && !codings.has(compression)) return false;
  if (!isPlanar || isYcc) return true;
  // Pillow's own decoder of planes knows those that have one letter each, and libtiff's those of 8 and 16 bits.
  if (compression === 1) return samples <= 4 && (colour === 'rgb' || colour === 'cmyk');
  return (bits === 8 || bits === 16) && samples <= 4;
}

/** All reds, greens and blues follow each other, in 16 bits. */
function paletteOf(colours: readonly number[]): Buffer {
  const count = Math.floor(colours.length / 3);
  const palette = Buffer.alloc(count * 3);
  for (let i = 0; i < count; i++)
    for (let channel = 0; channel < 3; channel++) palette[i * 3 + channel] = colours[channel * count + i]! >> 8;
  return fullPalette(palette.subarray(0, 256 * 3));
}

function valuesOf({ entries, isLittle }: Directory, tag: number): number[] {
  const entry = entries.get(tag);
  if (entry === undefined) return [];
  const { type, data } = entry;
  const size = type === 3 ? 2 : type === 4 ? 4 : type === 16 ? 8 : 1;
  return Array.from({ length: Math.floor(data.length / size) }, (_, i) => wholeAt(data, i * size, size, isLittle));
}
