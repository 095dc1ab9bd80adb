import type { Box } from '../sample/draw.js';
import type { Crop } from './crop.js';
import { cropBuffer } from './crop-buffers.js';

/** Bytes from one row to the next. */
export function strideOf({ stride, width }: Crop): number {
  return stride ?? 3 * width;
}

/** A box of decoded pixels, in their memory. @param box inside the crop, from its corner. */
export function boxIn(crop: Crop, { top, left, width, height }: Box): Crop {
  const stride = strideOf(crop);
  return { data: crop.data.subarray(top * stride + left * 3), width, height, stride };
}

/** A box of decoded pixels, in memory of its own. @param box inside the crop, from its corner. */
export function cutCrop(crop: Crop, box: Box): Crop {
  const { width, height } = box;
  const { data, give } = cropBuffer(height * width * 3);
  copyRows(boxIn(crop, box), 0, height, data, 0);
  return { data, width, height, give };
}

/** Writes the rows from `first` up to `end` into `to`, one behind another from `at` on. */
export function copyRows({ data, width, stride }: Crop, first: number, end: number, to: Uint8Array, at: number): void {
  const bytes = width * 3;
  if (stride === undefined || stride === bytes) to.set(data.subarray(first * bytes, end * bytes), at);
  else
    for (let row = first; row < end; row++)
      to.set(data.subarray(row * stride, row * stride + bytes), at + (row - first) * bytes);
}
