import type { Box } from '../sample/draw.js';
import type { ImageSize } from './crop.js';

/** How an image is turned to be seen: columns and rows the other way round, and then in each other's place. */
export interface Orientation {
  readonly flipsColumns: boolean;
  readonly flipsRows: boolean;
  readonly swaps: boolean;
}

/** What the number of TIFF's tag means, 1 to 8; any other means nothing. */
export function orientationOf(tag: number): Orientation {
  return {
    flipsColumns: [2, 3, 7, 8].includes(tag),
    flipsRows: [3, 4, 6, 7].includes(tag),
    swaps: tag >= 5 && tag <= 8,
  };
}

/** The size in which an image is seen. */
export function seenSize({ width, height }: ImageSize, { swaps }: Orientation): ImageSize {
  return swaps ? { width: height, height: width } : { width, height };
}

/** Where a box of the image as it is seen lies in the image as it is stored, and where its pixels go. */
export interface Placing {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** The byte in the box's RGB of a stored pixel. */
  at(x: number, y: number): number;
  /** Bytes from there to that of the next stored pixel. */
  readonly step: number;
}

/** @param size of the image as it is stored. */
export function placing(
  { width, height }: ImageSize,
  { flipsColumns, flipsRows, swaps }: Orientation,
  box: Box,
): Placing {
  const across = [box.left, box.left + box.width] as const;
  const down = [box.top, box.top + box.height] as const;
  const [columns, rows] = swaps ? [down, across] : [across, down];
  const [left, right] = flipsColumns ? [width - columns[1], width - columns[0]] : columns;
  const [top, bottom] = flipsRows ? [height - rows[1], height - rows[0]] : rows;
  const at = (x: number, y: number) => {
    const [column, row] = [flipsColumns ? width - 1 - x : x, flipsRows ? height - 1 - y : y];
    const [seenX, seenY] = swaps ? [row, column] : [column, row];
    return ((seenY - box.top) * box.width + seenX - box.left) * 3;
  };
  const step = (swaps ? box.width * 3 : 3) * (flipsColumns ? -1 : 1);
  return { left, right, top, bottom, at, step };
}

/** A box of the image as it is seen, out of all RGB of the image as it is stored. */
export function orientedBox(pixels: Uint8Array, stored: ImageSize, orientation: Orientation, box: Box): Uint8Array {
  const data = new Uint8Array(box.width * box.height * 3);
  const { left, right, top, bottom, at, step } = placing(stored, orientation, box);
  for (let y = top; y < bottom; y++)
    for (let x = left, to = at(left, y); x < right; x++, to += step) {
      const from = (y * stored.width + x) * 3;
      data[to] = pixels[from]!;
      data[to + 1] = pixels[from + 1]!;
      data[to + 2] = pixels[from + 2]!;
    }
  return data;
}
