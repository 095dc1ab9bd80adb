import type { Box } from '../sample/draw.js';
import type { ImageSize } from './crop.js';

/** How an image is turned to be seen: columns and rows the other way round, and then in each other's place. */
export interface Turn {
  readonly flipsColumns: boolean;
  readonly flipsRows: boolean;
  readonly swaps: boolean;
}

/** The turn of TIFF's orientation, 1 to 8; none for any other number. */
export function turnOf(orientation: number): Turn {
  return {
    flipsColumns: [2, 3, 7, 8].includes(orientation),
    flipsRows: [3, 4, 6, 7].includes(orientation),
    swaps: orientation >= 5 && orientation <= 8,
  };
}

/** The size in which an image is seen. */
export function seenSize({ width, height }: ImageSize, { swaps }: Turn): ImageSize {
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
export function placing({ width, height }: ImageSize, { flipsColumns, flipsRows, swaps }: Turn, box: Box): Placing {
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
export function turnedBox(pixels: Uint8Array, stored: ImageSize, turn: Turn, box: Box): Uint8Array {
  const data = new Uint8Array(box.width * box.height * 3);
  const { left, right, top, bottom, at, step } = placing(stored, turn, box);
  for (let y = top; y < bottom; y++)
    for (let x = left, to = at(left, y); x < right; x++, to += step) {
      const from = (y * stored.width + x) * 3;
      data[to] = pixels[from]!;
      data[to + 1] = pixels[from + 1]!;
      data[to + 2] = pixels[from + 2]!;
    }
  return data;
}
