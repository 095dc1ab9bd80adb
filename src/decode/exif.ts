/** Sizes of the types of TIFF that Pillow reads, by their numbers. */
const sizes: Readonly<Record<number, number>> = {
  ...{ 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8 },
};
const starts = ['MM\0*', 'II*\0', 'MM*\0', 'II\0*', 'MM\0+', 'II+\0'];
const [resolutionUnit, xResolution] = [0x0128, 0x011a];

/** One entry of a directory: its type and its value's bytes. */
interface Entry {
  readonly type: number;
  readonly data: Buffer;
}

/** A directory of tags, as far as it can be read; `isLittle` is the order of its bytes. */
export interface Directory {
  readonly entries: ReadonlyMap<number, Entry>;
  readonly isLittle: boolean;
}

/**
 * Reads a directory of TIFF tags as Pillow does: what cannot be read ends it without an error.
 *
 * Source: Pillow 9.4 TiffImagePlugin.py, `ImageFileDirectory_v2.load`.
 *
 * @param form `isBig` for BigTIFF, whose counts and places have eight bytes.
 */
export function readDirectory(
  file: Buffer,
  at: number,
  isLittle: boolean,
  form: { readonly isBig?: boolean } = {},
): Directory {
  const entries = new Map<number, Entry>();
  const { isBig = false } = form;
  const short = (from: number) => (isLittle ? file.readUInt16LE(from) : file.readUInt16BE(from));
  const wide = isBig ? 8 : 4;
  const whole = (from: number) => wholeAt(file, from, wide, isLittle);
  const [head, step] = isBig ? [8, 20] : [2, 12];
  const count = at + head > file.length ? 0 : isBig ? whole(at) : short(at);
  for (let i = 0, entry = at + head; i < count && entry + step <= file.length; i++, entry += step) {
    const type = short(entry + 2);
    const size = sizes[type];
    if (size === undefined) continue;
    const length = whole(entry + 4) * size;
    const start = length > wide ? whole(entry + 4 + wide) : entry + 4 + wide;
    if (start + length > file.length) break;
    if (length > 0) entries.set(short(entry), { type, data: file.subarray(start, start + length) });
  }
  return { entries, isLittle };
}

/** A number of four or eight bytes. */
export function wholeAt(file: Buffer, at: number, bytes: number, isLittle: boolean): number {
  if (bytes === 8) return Number(isLittle ? file.readBigUInt64LE(at) : file.readBigUInt64BE(at));
  return isLittle ? file.readUIntLE(at, bytes) : file.readUIntBE(at, bytes);
}

/**
 * Whether Pillow fails over the EXIF data of a JPEG, from which it takes the resolution, rather than doing without.
 *
 * Source: Pillow 9.4 JpegImagePlugin.py, `APP`; Image.py, `Exif.load`.
 *
 * @param segment of the marker, from `Exif` on.
 */
export function isBrokenExif(segment: Buffer): boolean {
  const exif = segment.toString('latin1', 0, 6) === 'Exif\0\0' ? segment.subarray(6) : segment;
  const start = exif.toString('latin1', 0, 4);
  if (exif.length === 0 || !starts.includes(start)) return false;
  // A head of eight bytes is unpacked, and BigTIFF's would be longer than what Pillow takes.
  if (exif.length < 8 || exif[2] === 43) return true;
  const isLittle = start.startsWith('II');
  const { entries } = readDirectory(exif, isLittle ? exif.readUInt32LE(4) : exif.readUInt32BE(4), isLittle);
  const resolution = entries.get(resolutionUnit) && entries.get(xResolution);
  if (resolution === undefined) return false;
  // A value of one byte or character has no second, which Pillow takes for a denominator.
  const { type, data } = resolution;
  if (type !== 2) return (type === 1 || type === 7) && data.length === 1;
  const text = data.at(-1) === 0 ? data.subarray(0, -1) : data;
  return text.length === 0 || (text.length === 1 && text[0]! >= 0x30 && text[0]! <= 0x39);
}
