import { corruptSample } from './corrupt.js';
import { type Directory, readDirectory } from './exif.js';
import type { Format, Header } from './header.js';

const tags = {
  ...{
    width: 256,
    height: 257,
    bits: 258,
    compression: 259,
    photometric: 262,
    fillOrder: 266,
    orientation: 274,
    samples: 277,
  },
  ...{ planes: 284, extra: 338, sampleFormat: 339, dngVersion: 50706 },
} as const;

/** None, fax of either group, LZW, deflate by both its numbers, and PackBits. */
const compressions = [1, 3, 4, 5, 8, 32773, 32946];
/** Photometric, bits of the samples, and extra samples, of what libvips has been seen to read as Pillow does. */
const kinds = new Set([
  '0:1:',
  '1:1:',
  '0:8:',
  '1:8:',
  '1:8,8:2',
  '2:8,8,8:',
  '2:8,8,8,8:0',
  '2:8,8,8,8:2',
  '3:8:',
  '5:8,8,8,8:',
]);

/** TIFF: the first page, where it is of a common kind. Others are refused by their name. */
export const tiff: Format = {
  name: 'tiff',
  loader: 'VipsForeignLoadTiffBuffer',
  matches: (bytes) => ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(bytes.toString('latin1', 0, 4)),
  read(bytes): Header | null {
    if (bytes.length < 8) return null;
    if (bytes[2] === 43 || bytes[3] === 43) throw corruptSample('format', 'a BigTIFF file, which is not read');
    const isLittle = bytes[0] === 0x49;
    const directory = readDirectory(bytes, isLittle ? bytes.readUInt32LE(4) : bytes.readUInt32BE(4), isLittle);
    if (directory.entries.has(tags.dngVersion)) throw corruptSample('format', 'a DNG file, which is not read');
    const [width] = valuesOf(directory, tags.width);
    const [height] = valuesOf(directory, tags.height);
    if (width === undefined || height === undefined || width === 0 || height === 0) return null;
    const one = (tag: number, otherwise: number) => valuesOf(directory, tag)[0] ?? otherwise;
    const samples = one(tags.samples, 1);
    const given = valuesOf(directory, tags.bits);
    const bits = given.length === 0 ? [1] : given;
    const all = bits.length === 1 ? Array<number>(Math.min(samples, 8)).fill(bits[0]!) : bits.slice(0, samples);
    const kind = `${one(tags.photometric, 0)}:${all.join(',')}:${valuesOf(directory, tags.extra).join(',')}`;
    const isKnown =
      kinds.has(kind) &&
      compressions.includes(one(tags.compression, 1)) &&
      one(tags.fillOrder, 1) === 1 &&
      one(tags.planes, 1) === 1 &&
      valuesOf(directory, tags.sampleFormat).every((format) => format === 1);
    const orientation = one(tags.orientation, 1);
    if (!isKnown || orientation !== 1) {
      const what = `compression ${one(tags.compression, 1)}, kind ${kind}, orientation ${orientation}`;
      throw corruptSample('format', `a TIFF file that is not read: ${what}`);
    }
    // The pixels, once as libvips has them and once as they come out.
    return { width, height, memory: 8 * width * height, decodesAll: true, isCmyk: kind.startsWith('5:') };
  },
};

function valuesOf({ entries, isLittle }: Directory, tag: number): number[] {
  const entry = entries.get(tag);
  if (entry === undefined) return [];
  const { type, data } = entry;
  const size = type === 3 ? 2 : type === 4 ? 4 : 1;
  return Array.from({ length: Math.floor(data.length / size) }, (_, i) =>
    isLittle ? data.readUIntLE(i * size, size) : data.readUIntBE(i * size, size),
  );
}
