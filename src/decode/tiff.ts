import { corruptSample } from './corrupt.js';
import { type Directory, readDirectory, wholeAt } from './exif.js';
import type { Format, Header } from './header.js';
import { fullPalette } from './indexed.js';
import { orientationOf, seenSize } from './orientation.js';
import { decodePage, memoryOf, type TiffPage } from './tiff-page.js';
import { codings } from './tiff-pieces.js';
import { kindOf, type TiffKind } from './tiff-pixels.js';

const tags = {
  ...{ width: 256, height: 257, bits: 258, compression: 259, photometric: 262, fillOrder: 266, stripOffsets: 273 },
  ...{ orientation: 274, samples: 277, rowsPerStrip: 278, stripLengths: 279, planes: 284, predictor: 317 },
  ...{ colours: 320, tileWidth: 322, tileHeight: 323, tileOffsets: 324, tileLengths: 325, extra: 338 },
  ...{ sampleFormat: 339, mediaPhoto: 0xbc01, dngVersion: 50706 },
} as const;

/** Fax of three forms, and JPEG, which libvips reads. */
const faxes: readonly number[] = [2, 3, 4];
const jpegCompression = 7;
const mostSamples = 6;

/**
 * TIFF: the first page, uncompressed, in LZW, deflate or PackBits, in every kind of pixel that Pillow knows but YCbCr and Lab; fax and JPEG by
 * libvips. Others are refused by their name.
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
    const page = readPage(directory, readDirectory(bytes, at, isLittle, { isBig, skips: true }));
    if (page === null) return null;
    const { width, height, kind, orientation } = page;
    const seen = seenSize(page, orientation);
    if (isLoaded(page.compression)) {
      // The pixels, once as libvips has them and once as they come out.
      return { ...seen, memory: 8 * width * height, decodesAll: true, isCmyk: kind.colour === 'cmyk', orientation };
    }
    const memory = memoryOf(page);
    return { ...seen, memory, decode: (same, box, { seconds }) => decodePage(same, page, box, seconds) };
  },
};

const isLoaded = (compression: number) => compression === jpegCompression || faxes.includes(compression);

/**
 * Source: Pillow 9.4 TiffImagePlugin.py, `_setup`.
 *
 * @throws TributaryError SAMPLE_CORRUPT for a kind of file that is not read.
 * @returns null where Pillow refuses the file.
 */
function readPage(directory: Directory, skipped: Directory): TiffPage | null {
  const all = (tag: number) => valuesOf(directory, tag);
  const one = (tag: number, otherwise: number) => all(tag)[0] ?? otherwise;
  const { isLittle } = directory;
  const [width, height] = [one(tags.width, 0), one(tags.height, 0)];
  const compression = one(tags.compression, 1);
  const samples = one(tags.samples, 1);
  const given = all(tags.bits);
  if (width === 0 || height === 0 || samples > mostSamples || directory.entries.has(tags.mediaPhoto)) return null;
  const listed = given.length === 0 ? [1] : given;
  const bits = listed.length === 1 ? Array<number>(samples).fill(listed[0]!) : listed.slice(0, samples);
  if (bits.length !== samples) return null;
  const format = all(tags.sampleFormat);
  const extra = all(tags.extra);
  const fillOrder = one(tags.fillOrder, 1);
  const photometric = one(tags.photometric, 0);
  const asked = { photometric, format: format.length === 0 ? [1] : format, fillOrder, bits, extra, isLittle };
  const kind = kindOf(asked);
  // Where a pixel is one sample, planes are nothing else than the image.
  const isPlanar = samples > 1 && one(tags.planes, 1) === 2;
  const predictor = one(tags.predictor, 1);
  if (kind === null || !isRead(kind, compression, isPlanar)) {
    const what = `compression ${compression}, kind ${photometric}:${bits.join()}:${extra.join()}, planes ${isPlanar ? 'apart' : 'together'}`;
    throw corruptSample('format', `a TIFF file that is not read: ${what}`);
  }
  // Of these Pillow's own decoder knows no form with the bits the other way round.
  const isUnknown = kind.colour === 'palette' ? kind.bits < 8 : kind.isInverted && kind.bits === 8;
  if (compression === 1 && fillOrder === 2 && isUnknown) return null;
  const isTiled = compression === 1 ? !directory.entries.has(tags.stripOffsets) : directory.entries.has(tags.tileWidth);
  // Where its pixels lie Pillow leaves to libtiff, but for those that are not compressed.
  const places = compression === 1 ? directory : skipped;
  const [strips, stripLengths] = [valuesOf(places, tags.stripOffsets), valuesOf(places, tags.stripLengths)];
  const offsets = strips.length > 0 ? strips : valuesOf(places, tags.tileOffsets);
  const lengths = stripLengths.length > 0 ? stripLengths : valuesOf(places, tags.tileLengths);
  const across = isTiled ? one(tags.tileWidth, 0) : width;
  const down = isTiled ? one(tags.tileHeight, 0) : Math.min(height, one(tags.rowsPerStrip, height));
  if (offsets.length === 0 || across === 0 || down === 0) return null;
  // Pillow has no memory for more.
  if (across * down * samples * (kind.bits / 8) > 2 ** 31 - 1) return null;
  const pieces = Math.ceil(width / across) * Math.ceil(height / down);
  if (compression === 1 && isPlanar && offsets.length > pieces * samples) return null;
  if (kind.colour === 'palette' && !directory.entries.has(tags.colours)) return null;
  return {
    // Of planes of 16 bits that are not compressed Pillow takes the first bytes for ones of 8.
    kind: isPlanar && compression === 1 ? { ...kind, bits: 8 } : kind,
    ...{ width, height, compression, isLittle, isPlanar, isTiled, across, down, offsets, lengths },
    predictor: compression === 1 || compression === 32773 ? 1 : predictor,
    isReversed: fillOrder === 2,
    palette: kind.colour === 'palette' ? paletteOf(all(tags.colours)) : fullPalette(null),
    orientation: orientationOf(directory.entries.get(tags.orientation)?.type === 3 ? one(tags.orientation, 1) : 1),
  };
}

function isRead(kind: TiffKind, compression: number, isPlanar: boolean): boolean {
  const { colour, samples, bits, isYcc } = kind;
  if (faxes.includes(compression)) return bits === 1 && colour === 'grey' && !isPlanar;
  if (compression === jpegCompression) return bits === 8 && !isPlanar && (samples < 4 || colour === 'cmyk');
  if (isYcc || (compression !== 1 && !codings.has(compression))) return false;
  if (!isPlanar) return true;
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
