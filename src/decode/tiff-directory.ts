import { wholeAt } from './exif.js';

/** What libtiff makes of a file's first directory, where Pillow leaves the pixels to it. Values are its defaults where no tag says another. */
export interface TiffDirectory {
  readonly width: number;
  readonly height: number;
  readonly compression: number;
  readonly photometric: number;
  readonly bits: number;
  readonly samples: number;
  readonly sampleFormat: number;
  readonly fillOrder: number;
  readonly predictor: number;
  /** Whether each sample has strips or tiles of its own. */
  readonly isPlanar: boolean;
  readonly isTiled: boolean;
  /** Infinite where no tag says it. */
  readonly rowsPerStrip: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** Of strips or tiles. */
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
  /** Of YCbCr: how many columns and rows share their colours; red, green and blue in their luminance; the ranges of the three. */
  readonly subsampling: readonly [across: number, down: number];
  readonly luma: readonly number[];
  readonly ranges: readonly number[];
  /** Whole numbers of another tag; none where it is not there or cannot be read. */
  whole(tag: number): readonly number[];
  /** Bytes of another tag. */
  bytes(tag: number): Buffer | undefined;
}

interface Entry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** Where its value is, or where the place of its value is. */
  readonly at: number;
}

const tags = {
  ...{ width: 256, height: 257, bits: 258, compression: 259, photometric: 262, fillOrder: 266, stripOffsets: 273 },
  ...{ samples: 277, rowsPerStrip: 278, stripLengths: 279, least: 280, most: 281, planes: 284, predictor: 317 },
  ...{ colours: 320, tileWidth: 322, tileHeight: 323, tileOffsets: 324, tileLengths: 325, extra: 338 },
  ...{ sampleFormat: 339, leasts: 340, mosts: 341, luma: 529, subsampling: 530, ranges: 532 },
  ...{ dataType: 32996, depth: 32997, tileDepth: 32998 },
} as const;

/** Bytes of a value, by TIFF's number of its type. */
const widths = [1, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
const wholeTypes: readonly number[] = [1, 3, 4, 6, 8, 9, 16, 17];
const signedTypes: readonly number[] = [6, 8, 9, 10, 17];
const fractionTypes: readonly number[] = [5, 10];
const floatTypes: readonly number[] = [11, 12];
const [mostEntries, mostStrips] = [4096, 1_000_000];
const oldJpeg = 6;

/** Thrown where libtiff gives the directory up. */
const unreadable = new Error('a directory that libtiff does not read');

/**
 * Reads the first directory as libtiff does, which wants more of it than Pillow.
 *
 * Source: libtiff 4.5.0 tif_dirread.c, `TIFFReadDirectory`; tif_dir.c, `_TIFFVSetField`.
 *
 * @param at where the directory is.
 * @returns null where libtiff refuses it.
 */
export function readTiffDirectory(file: Buffer, at: number, isLittle: boolean, isBig: boolean): TiffDirectory | null {
  try {
    return directoryOf(new Tags(file, at, isLittle, isBig));
  } catch (error) {
    if (error === unreadable) return null;
    throw error;
  }
}

/** The entries of a directory, the first of each tag, and their values. */
class Tags {
  readonly entries: readonly Entry[];
  readonly all: readonly Entry[];

  constructor(
    readonly file: Buffer,
    readonly at: number,
    readonly isLittle: boolean,
    readonly isBig: boolean,
  ) {
    const [head, step, wide] = isBig ? [8, 20, 8] : [2, 12, 4];
    if (at + head > file.length) throw unreadable;
    const count = isBig ? wholeAt(file, at, 8, isLittle) : this.#short(at);
    if (count === 0 || count > mostEntries || at + head + count * step > file.length) throw unreadable;
    this.all = Array.from({ length: count }, (_, i) => {
      const start = at + head + i * step;
      return {
        tag: this.#short(start),
        type: this.#short(start + 2),
        count: wholeAt(file, start + 4, wide, isLittle),
        at: start + 4 + wide,
      };
    });
    const seen = new Set<number>();
    this.entries = this.all.filter(({ tag }) => !seen.has(tag) && seen.add(tag));
  }

  find(tag: number): Entry | undefined {
    return this.entries.find((entry) => entry.tag === tag);
  }

  /** The bytes of a tag's first `most` values; throws where they do not lie in the file. */
  bytes({ type, count, at }: Entry, most = Number.POSITIVE_INFINITY): Buffer {
    const [width, wide] = [widths[type] ?? 0, this.isBig ? 8 : 4];
    const length = width * Math.min(count, most);
    const start = width * count <= wide ? at : wholeAt(this.file, at, wide, this.isLittle);
    if (length > 0 && (length > 2 ** 31 - 1 || start + length > this.file.length)) throw unreadable;
    return length === 0 ? Buffer.alloc(0) : this.file.subarray(start, start + length);
  }

  /** Whole numbers from 0 to `high`; throws where a type or a value is another. */
  whole(entry: Entry, high: number, most?: number): number[] {
    if (!wholeTypes.includes(entry.type)) throw unreadable;
    const values = this.numbers(entry, most);
    if (values.some((value) => value < 0 || value > high)) throw unreadable;
    return values;
  }

  /** Numbers of any type. */
  numbers(entry: Entry, most?: number): number[] {
    const { type } = entry;
    const known = [wholeTypes, signedTypes, fractionTypes, floatTypes].some((types) => types.includes(type));
    if (!known) throw unreadable;
    const bytes = this.bytes(entry, most);
    const width = widths[type]!;
    return Array.from({ length: bytes.length / width }, (_, i) => this.#number(bytes, i * width, type));
  }

  #number(bytes: Buffer, at: number, type: number): number {
    if (floatTypes.includes(type)) {
      if (type === 11) return this.isLittle ? bytes.readFloatLE(at) : bytes.readFloatBE(at);
      return this.isLittle ? bytes.readDoubleLE(at) : bytes.readDoubleBE(at);
    }
    const isFraction = fractionTypes.includes(type);
    const width = isFraction ? 4 : widths[type]!;
    const value = wholeAt(bytes, at, width, this.isLittle);
    const top = signedTypes.includes(type) && value >= 2 ** (8 * width - 1) ? value - 2 ** (8 * width) : value;
    if (!isFraction) return top;
    const bottom = wholeAt(bytes, at + 4, 4, this.isLittle);
    return bottom === 0 ? 0 : top / bottom;
  }

  #short(at: number): number {
    return this.isLittle ? this.file.readUInt16LE(at) : this.file.readUInt16BE(at);
  }
}

/** The value, or null where it cannot be read: of tags that libtiff does without. */
function tried<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error === unreadable) return null;
    throw error;
  }
}

function directoryOf(file: Tags): TiffDirectory {
  const [short, long] = [0xffff, 0xffffffff];
  const single = (entry: Entry, high: number) => {
    if (entry.count !== 1) throw unreadable;
    return file.whole(entry, high)[0]!;
  };
  /** The value of a tag without which libtiff does not go on, where it is there. */
  const needed = (tag: number, high: number, isFit: (value: number) => boolean = () => true) => {
    const entry = file.find(tag);
    if (entry === undefined) return undefined;
    const value = single(entry, high);
    if (!isFit(value)) throw unreadable;
    return value;
  };
  const isPositive = (value: number) => value > 0;
  const givenSamples = needed(tags.samples, short, isPositive);
  /** As many values as there are samples, all the same, or one. */
  const perSample = (tag: number, isFit: (value: number) => boolean = () => true) => {
    const entry = file.find(tag);
    if (entry === undefined) return undefined;
    if (entry.count !== 1 && entry.count < (givenSamples ?? 1)) throw unreadable;
    const values = entry.count === 1 ? [single(entry, short)] : file.whole(entry, short);
    if (values.slice(0, givenSamples ?? 1).some((each) => each !== values[0]) || !isFit(values[0]!)) throw unreadable;
    return values[0]!;
  };
  const compression = perSample(tags.compression) ?? 1;
  const width = needed(tags.width, long);
  const height = needed(tags.height, long);
  const depth = needed(tags.depth, long) ?? 1;
  const givenTile = [needed(tags.tileWidth, long), needed(tags.tileHeight, long)];
  const tileDepth = needed(tags.tileDepth, long, isPositive) ?? 1;
  const planes = needed(tags.planes, short, (value) => value === 1 || value === 2) ?? 1;
  const rowsPerStrip = needed(tags.rowsPerStrip, long, isPositive) ?? long;
  const extra = file.find(tags.extra);
  if (extra !== undefined) {
    const values = extra.count > short ? null : file.whole(extra, short);
    if (values === null || values.length > (givenSamples ?? 1)) throw unreadable;
    if (values.some((each) => each > 2 && each !== 999)) throw unreadable;
  }
  if (width === undefined && height === undefined) throw unreadable;
  const givenBits = perSample(tags.bits);
  const givenFormat = perSample(tags.sampleFormat, (value) => value >= 1 && value <= 6);
  perSample(tags.dataType, (value) => value <= 3);
  perSample(tags.least);
  perSample(tags.most);
  for (const tag of [tags.leasts, tags.mosts]) {
    const entry = file.find(tag);
    if (entry === undefined) continue;
    if (entry.count !== (givenSamples ?? 1)) throw unreadable;
    file.numbers(entry);
  }
  /** What libtiff does without where it cannot be read, or is none of what it may be. */
  const optional = (tag: number, otherwise: number, isFit: (value: number) => boolean = () => true) => {
    const entry = file.find(tag);
    const value = entry && tried(() => single(entry, short));
    return value === undefined || value === null || !isFit(value) ? otherwise : value;
  };
  const list = (tag: number, count: number, otherwise: readonly number[], areWhole: boolean) => {
    const entry = file.find(tag);
    if (entry === undefined || entry.count !== count) return otherwise;
    return tried(() => (areWhole ? file.whole(entry, short) : file.numbers(entry))) ?? otherwise;
  };
  const isOld = compression === oldJpeg;
  const ycc = 6;
  let photometric = optional(tags.photometric, isOld ? ycc : 0);
  if (isOld && photometric === 2) photometric = ycc;
  const samples = givenSamples ?? (isOld && photometric === ycc ? 3 : 1);
  const bits = givenBits ?? (isOld ? 8 : 1);
  const isTiled = givenTile.some((each) => each !== undefined);
  const [across, down] = [givenTile[0] ?? 0, givenTile[1] ?? 0];
  const places = file.entries.filter(({ tag }) => tag === tags.stripOffsets || tag === tags.tileOffsets).at(-1);
  const counts = file.entries.filter(({ tag }) => tag === tags.stripLengths || tag === tags.tileLengths).at(-1);
  // Old JPEG files say of samples in one strip that they lie apart, and they do not.
  const isPlanar = planes === 2 && !(isOld && places?.count === 1 && counts?.count === 1);
  const rows = rowsPerStrip === long ? (height ?? 0) : rowsPerStrip;
  const perPlane = isTiled
    ? Math.ceil((width ?? 0) / across) * Math.ceil((height ?? 0) / down) * Math.ceil(depth / tileDepth)
    : Math.ceil((height ?? 0) / rows);
  const pieces = perPlane * (isPlanar ? samples : 1);
  if (!(pieces > 0) || pieces > long) throw unreadable;
  if (places === undefined && !(isOld && !isTiled && pieces === 1)) throw unreadable;
  const placesOf = (entry: Entry) => {
    const values = file.whole(entry, Number.POSITIVE_INFINITY, pieces);
    if (values.length < pieces && pieces > mostStrips) throw unreadable;
    return values.length < pieces ? [...values, ...Array<number>(pieces - values.length).fill(0)] : values;
  };
  const offsets = places === undefined ? [] : placesOf(places);
  let lengths = counts === undefined ? [] : placesOf(counts);
  if (photometric === 3 && bits < 8 && !hasColours(file, bits, givenBits !== undefined)) throw unreadable;
  if (!isOld && counts === undefined && pieces > (isPlanar ? samples : 1)) throw unreadable;
  const isUnknown = counts === undefined || (pieces === 1 && !isTiled && offsets[0] !== 0 && lengths[0] === 0);
  if (!isOld && compression !== 1 && isUnknown) lengths = estimated(file, offsets, isPlanar ? samples : 1);
  const [h, v] = list(tags.subsampling, 2, [2, 2], true);
  const sampling = [h!, v!] as const;
  const isShared = photometric === ycc && !isPlanar && samples === 3 && compression !== 7;
  if (isShared && sampling.some((each) => ![1, 2, 4].includes(each))) throw unreadable;
  if ((width ?? 0) * bits === 0) throw unreadable;
  return {
    ...{ width: width ?? 0, height: height ?? 0, compression, photometric, bits, samples, isPlanar, isTiled },
    ...{ tileWidth: across, tileHeight: down, offsets, lengths, subsampling: sampling },
    rowsPerStrip: rowsPerStrip === long ? Number.POSITIVE_INFINITY : rowsPerStrip,
    sampleFormat: givenFormat ?? 1,
    fillOrder: optional(tags.fillOrder, 1, (value) => value === 1 || value === 2),
    predictor: optional(tags.predictor, 1),
    luma: list(tags.luma, 3, [0.299, 0.587, 0.114], false),
    ranges: list(tags.ranges, 6, [0, 255, 128, 255, 128, 255], false),
    whole(tag) {
      const entry = file.find(tag);
      return (entry && tried(() => file.whole(entry, long))) ?? [];
    },
    bytes(tag) {
      const entry = file.find(tag);
      return (entry && tried(() => file.bytes(entry))) ?? undefined;
    },
  };
}

/** Whether a palette is there. libtiff reads none before it has read how many bits a sample has. */
function hasColours(file: Tags, bits: number, isKnown: boolean): boolean {
  const index = file.entries.findIndex(({ tag }) => tag === tags.colours);
  const known = file.entries.findIndex(({ tag }) => tag === tags.bits);
  const entry = file.entries[index];
  if (entry === undefined || !isKnown || known > index || entry.count !== 3 << bits) return false;
  return tried(() => file.whole(entry, 0xffff)) !== null;
}

/** Where nothing says how long strips are: all of the file that is not taken by its tags. */
function estimated(file: Tags, offsets: readonly number[], planes: number): number[] {
  const wide = file.isBig ? 8 : 4;
  const taken = file.all.map(({ type, count }) => {
    if (!widths[type]) throw unreadable;
    return widths[type] * count > wide ? widths[type] * count : 0;
  });
  const head = file.isBig ? 16 + 8 + file.all.length * 20 + 8 : 8 + 2 + file.all.length * 12 + 4;
  const size = file.file.length;
  const space = taken.reduce((sum, each) => sum + each, head);
  const each = Math.floor((size < space ? size : size - space) / planes);
  const lengths = offsets.map(() => each);
  const last = offsets.at(-1)!;
  if (last + each > size) lengths[lengths.length - 1] = Math.max(0, size - last);
  return lengths;
}
