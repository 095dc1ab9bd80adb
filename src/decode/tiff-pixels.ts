import { cmykToRgb } from './cmyk.js';
import { writeColour } from './indexed.js';

/** What a pixel's samples are. */
export interface TiffKind {
  readonly colour: 'grey' | 'palette' | 'rgb' | 'premultiplied' | 'cmyk';
  /** Samples of a pixel, and bits of each. */
  readonly samples: number;
  readonly bits: number;
  /** Grey where 0 is white; `signed` and `float` as the sample format says. */
  readonly isInverted?: boolean;
  readonly format?: 'signed' | 'float';
  /** Whether the colours are stored as YCbCr. */
  readonly isYcc?: boolean;
}

const unsigned = 1;
const formats = { 2: 'signed', 3: 'float' } as const;

/**
 * The kind of pixel that Pillow has for a file's tags; YCbCr as the RGB that becomes of it.
 *
 * Source: Pillow 9.4 TiffImagePlugin.py, `OPEN_INFO`.
 *
 * @returns null for what Pillow does not read, and for Lab.
 */
export function kindOf(tags: {
  readonly photometric: number;
  readonly format: readonly number[];
  readonly fillOrder: number;
  readonly bits: readonly number[];
  readonly extra: readonly number[];
  readonly isLittle: boolean;
}): TiffKind | null {
  const { photometric, fillOrder, bits, extra, isLittle } = tags;
  const [depth] = bits;
  const samples = bits.length;
  if (depth === undefined || bits.some((each) => each !== depth)) return null;
  if (![1, 2].includes(fillOrder)) return null;
  const isPlain = tags.format.every((each) => each === unsigned);
  const format = tags.format.length === 1 ? tags.format[0]! : isPlain ? unsigned : 0;
  const isForward = fillOrder === 1;
  if ((photometric === 0 || photometric === 1) && samples === 1 && extra.length === 0) {
    if ([1, 2, 4, 8].includes(depth) && format === unsigned)
      return { colour: 'grey', samples, bits: depth, isInverted: photometric === 0 };
    const deep: Record<string, boolean> = {
      '12:1': isLittle && isForward && photometric === 1,
      '16:1': photometric === 1 ? isLittle || isForward : isLittle && isForward,
      '16:2': isForward && photometric === 1,
      '32:1': isForward && photometric === 1 && isLittle,
      '32:2': isForward && photometric === 1,
      '32:3': isForward,
    };
    if (!deep[`${depth}:${format}`]) return null;
    // Pillow takes 32 bits without a sign for ones with a sign.
    const sign = depth === 32 && format === unsigned ? ('signed' as const) : formats[format as 2 | 3];
    return { colour: 'grey', samples, bits: depth, ...(sign === undefined ? {} : { format: sign }) };
  }
  if (format !== unsigned) return null;
  if (photometric === 3 && samples === 1 && extra.length === 0 && [1, 2, 4, 8].includes(depth))
    return { colour: 'palette', samples, bits: depth };
  const isYcc = photometric === 6;
  const kind = `${photometric}:${depth}:${samples}:${extra.join()}`;
  if (!isForward) return kind === '2:8:3:' ? { colour: 'rgb', samples, bits: depth } : null;
  const colour = wide.find(([pattern]) => pattern.test(kind))?.[1];
  if (colour === undefined || (kind === '5:16:4:' && !isLittle)) return null;
  return { colour, samples, bits: depth, ...(isYcc ? { isYcc } : {}) };
}

/** Photometric, bits, samples, and what the samples beyond the colours are. */
const wide: readonly (readonly [RegExp, TiffKind['colour']])[] = [
  [/^1:8:2:2$/, 'grey'],
  [/^3:8:2:2$/, 'palette'],
  [/^2:(8|16):(3:|4:[02]?)$/, 'rgb'],
  [/^6:8:3:$/, 'rgb'],
  [/^2:8:(4:999|5:[02],0|6:[02],0,0)$/, 'rgb'],
  [/^2:(8:(4:1|5:1,0|6:1,0,0)|16:4:1)$/, 'premultiplied'],
  [/^5:(8:(4:|5:0|6:0,0)|16:4:)$/, 'cmyk'],
];

/**
 * Makes red, green and blue of some pixels of a row, as `convert("RGB")` does.
 *
 * Source: Pillow 9.4 Unpack.c; Convert.c, `i2rgb`, `f2l`, `I16L_L`.
 *
 * @param from the row's bytes, samples side by side.
 * @param first the first pixel's place in the row.
 * @param rgb as many pixels as are wanted.
 */
export function unpackRow(
  from: Buffer,
  first: number,
  rgb: Buffer,
  { colour, samples, bits, isInverted, format }: TiffKind,
  isLittle: boolean,
  palette: Buffer,
): void {
  const count = rgb.length / 3;
  if (colour === 'grey' || colour === 'palette') {
    const scale = colour === 'grey' && bits < 8 ? 255 / (2 ** bits - 1) : 1;
    for (let i = 0; i < count; i++) {
      const at = (first + i) * samples;
      const value = bits < 16 ? fieldAt(from, at, bits) * scale : deepAt(from, at, bits, format, isLittle);
      const level = Math.max(0, Math.min(255, Math.trunc(value)));
      writeColour(palette, isInverted ? 255 - level : level, rgb, i * 3);
    }
    return;
  }
  const bytes = bits / 8;
  const high = isLittle ? bytes - 1 : 0;
  const sampleAt = (pixel: number, sample: number) => from[((first + pixel) * samples + sample) * bytes + high]!;
  if (colour === 'cmyk') {
    const inks = new Uint8Array(count * 4);
    for (let i = 0; i < inks.length; i++) inks[i] = sampleAt(i >> 2, i & 3);
    rgb.set(cmykToRgb(inks));
    return;
  }
  for (let i = 0; i < count; i++) {
    const alpha = colour === 'premultiplied' ? sampleAt(i, 3) : 255;
    for (let channel = 0; channel < 3; channel++) {
      const value = sampleAt(i, channel);
      rgb[i * 3 + channel] = alpha === 255 ? value : alpha === 0 ? 0 : Math.min(255, Math.trunc((value * 255) / alpha));
    }
  }
}

/** A value of 1, 2, 4, 8 or 12 bits, high bits first. */
function fieldAt(from: Buffer, index: number, bits: number): number {
  if (bits === 8) return from[index]!;
  const bit = index * bits;
  const two = (from[bit >> 3]! << 8) | (from[(bit >> 3) + 1] ?? 0);
  return (two >> (16 - bits - (bit & 7))) & ((1 << bits) - 1);
}

function deepAt(from: Buffer, index: number, bits: number, format: TiffKind['format'], isLittle: boolean): number {
  const at = (index * bits) / 8;
  if (bits === 32) {
    if (format === 'float') return (isLittle ? from.readFloatLE(at) : from.readFloatBE(at)) || 0;
    return isLittle ? from.readInt32LE(at) : from.readInt32BE(at);
  }
  if (format === 'signed') return isLittle ? from.readInt16LE(at) : from.readInt16BE(at);
  return isLittle ? from.readUInt16LE(at) : from.readUInt16BE(at);
}
