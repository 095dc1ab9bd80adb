import type { Box } from '../sample/draw.js';
import { decodeModule } from './decode-module.js';
import { fullPalette, writeColour } from './indexed.js';
import type { PngHeader } from './png-chunks.js';

/** Rows of one pass: every `down`-th from `top`, every `across`-th column from `left`. */
export interface Pass {
  readonly top: number;
  readonly left: number;
  readonly down: number;
  readonly across: number;
  readonly width: number;
  readonly height: number;
  /** Bytes of a row, its filter among them. */
  readonly stride: number;
}

const adam7: readonly (readonly [top: number, left: number, down: number, across: number])[] = [
  [0, 0, 8, 8],
  [0, 4, 8, 8],
  [4, 0, 8, 4],
  [0, 2, 4, 4],
  [2, 0, 4, 2],
  [0, 1, 2, 2],
  [1, 0, 2, 1],
];

/** The passes in which the rows stand: one, or those of an interlaced image that have any. */
export function passesOf({ extent, kind, isInterlaced }: PngHeader): Pass[] {
  return (isInterlaced ? adam7 : [[0, 0, 1, 1] as const])
    .map(([top, left, down, across]) => {
      const width = Math.max(0, Math.ceil((extent.width - left) / across));
      const height = Math.max(0, Math.ceil((extent.height - top) / down));
      return { top, left, down, across, width, height, stride: 1 + Math.ceil((width * kind.bits) / 8) };
    })
    .filter(({ width, height }) => width > 0 && height > 0);
}

/** Rows are unfiltered in bands of so many bytes. */
const bandBytes = 512 * 1024;

/** Whether the filters of all rows of a pass are of those that there are. */
export function areFilters(data: Buffer, { stride, height }: Pass): boolean {
  for (let y = 0; y < height; y++) if (data[y * stride]! > 4) return false;
  return true;
}

/**
 * Turns the first `rows` of a pass's filtered rows into samples, in a memory that is used again.
 *
 * @param take is given each band, the first of its rows, and how many there are.
 */
export function unfilter(
  data: Buffer,
  { stride, height }: Pass,
  bits: number,
  rows: number,
  take: (band: Buffer, first: number, count: number) => void,
): void {
  const { memory, run } = decodeModule();
  const above = run.arenaStart!();
  const start = above + stride;
  const most = Math.max(1, Math.floor(bandBytes / stride));
  const missing = start + most * stride + 64 - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65536));
  const bytes = new Uint8Array(memory.buffer);
  bytes.fill(0, above, start);
  const needed = Math.min(rows, height);
  for (let first = 0; first < needed; first += most) {
    const count = Math.min(most, needed - first);
    bytes.set(data.subarray(first * stride, (first + count) * stride), start);
    run.unfilterRows!(start, stride, count, Math.ceil(bits / 8));
    take(Buffer.from(memory.buffer, start, count * stride), first, count);
    bytes.copyWithin(above, start + (count - 1) * stride, start + count * stride);
  }
}

/** Red, green and blue of each value that a sample of up to 8 bits can have, where the kind has one sample a pixel. */
export function paletteOf({ kind, palette }: PngHeader): Buffer {
  if (kind.colour === 3) return fullPalette(palette);
  const table = Buffer.alloc(256 * 3);
  const most = (1 << Math.min(kind.depth, 8)) - 1;
  for (let i = 0; i <= most; i++) table.fill((i * 255) / most, i * 3, i * 3 + 3);
  return table;
}

/**
 * Writes the pixels of a band of a pass's unfiltered rows that lie in a box of the image: alpha is left out, 16 bits lose the lower 8, and
 * 16-bit grey is clipped at 255, all as Pillow does it.
 */
export function writePixels(
  band: { readonly data: Buffer; readonly first: number; readonly count: number },
  pass: Pass,
  header: PngHeader,
  palette: Buffer,
  box: Box,
  out: Buffer,
): void {
  const { kind, extent, isInterlaced } = header;
  // Pillow interlaces from the image's corner, whatever the frame.
  const [originX, originY] = isInterlaced ? [0, 0] : [extent.left, extent.top];
  const bytes = kind.bits / 8;
  const [step, isColour] = [kind.depth / 8, kind.colour === 2 || kind.colour === 6];
  for (let y = 0; y < band.count; y++) {
    const outY = originY + pass.top + (band.first + y) * pass.down - box.top;
    if (outY < 0) continue;
    if (outY >= box.height) break;
    const row = band.data.subarray(y * pass.stride + 1, (y + 1) * pass.stride);
    const firstX = originX + pass.left - box.left;
    const from = Math.max(0, Math.ceil(-firstX / pass.across));
    const until = Math.min(pass.width, Math.ceil((box.width - firstX) / pass.across));
    let to = (outY * box.width + firstX + from * pass.across) * 3;
    const onwards = pass.across * 3;
    if (from >= until) continue;
    if (bytes === 3 && pass.across === 1) row.copy(out, to, from * 3, until * 3);
    else if (isColour) {
      for (let x = from, at = from * bytes; x < until; x++, at += bytes, to += onwards) {
        out[to] = row[at]!;
        out[to + 1] = row[at + step]!;
        out[to + 2] = row[at + 2 * step]!;
      }
    } else if (kind.depth === 16) {
      for (let x = from, at = from * bytes; x < until; x++, at += bytes, to += onwards) {
        const grey = kind.colour === 0 && row[at]! > 0 ? 255 : row[kind.colour === 0 ? at + 1 : at]!;
        out[to] = out[to + 1] = out[to + 2] = grey;
      }
    } else {
      const mask = (1 << kind.depth) - 1;
      for (let x = from; x < until; x++, to += onwards) {
        const bit = x * kind.bits;
        const value = (row[bit >> 3]! >> (8 - kind.depth - (bit & 7))) & mask;
        writeColour(palette, value, out, to);
      }
    }
  }
}
