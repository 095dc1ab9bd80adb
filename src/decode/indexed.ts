import type { Box } from '../sample/draw.js';
import type { Crop, ImageSize } from './crop.js';
import { cropBuffer } from './crop-buffers.js';
import { clockOf } from './decode-timeout.js';
import type { Header } from './header.js';

/** An image whose pixels are one byte each, rows first. */
export interface IndexedImage {
  readonly indices: Buffer;
  /** Red, green and blue by index; grey where it ends, or is null. */
  readonly palette: Buffer | null;
}

/** The header of a format of such images; `read` decodes all of one, whatever the box, and looks at the clock now and then. */
export function indexedHeader(
  { width, height }: ImageSize,
  read: (file: Buffer, check: () => void) => IndexedImage,
): Header {
  return {
    ...{ width, height, memory: width * height },
    decode(file, box, { seconds }) {
      const check = clockOf(seconds);
      const image = read(file, check);
      check();
      return cropOf(image, width, box);
    },
  };
}

/** Red, green and blue of each index: what a palette lacks is grey, as Pillow has it. */
export function fullPalette(palette: Buffer | null): Buffer {
  const table = Buffer.alloc(256 * 3);
  for (let i = 0; i < 256; i++) table.fill(i, i * 3, i * 3 + 3);
  palette?.copy(table, 0, 0, palette.length - (palette.length % 3));
  return table;
}

function cropOf({ indices, palette }: IndexedImage, stride: number, box: Box): Crop {
  const { data, give } = cropBuffer(box.width * box.height * 3);
  const table = fullPalette(palette);
  for (let y = 0, to = 0; y < box.height; y++) {
    const from = (box.top + y) * stride + box.left;
    for (let x = 0; x < box.width; x++, to += 3) {
      writeColour(table, indices[from + x]!, data, to);
    }
  }
  return { data, width: box.width, height: box.height, give };
}

/** Writes red, green and blue of an index. A copy of three bytes by Buffer's own means costs many times as much. */
export function writeColour(table: Buffer, index: number, out: Buffer, to: number): void {
  const at = index * 3;
  out[to] = table[at]!;
  out[to + 1] = table[at + 1]!;
  out[to + 2] = table[at + 2]!;
}
