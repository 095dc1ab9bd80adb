import type { Box } from '../sample/draw.js';
import type { Crop } from './crop.js';
import { cropBuffer } from './crop-buffers.js';

/** A box of decoded pixels, in memory of its own. @param box inside the crop, from its corner. */
export function cutCrop(crop: Crop, { top, left, width, height }: Box): Crop {
  const stride = width * 3;
  const { data, give } = cropBuffer(height * stride);
  for (let row = 0; row < height; row++) {
    const start = ((top + row) * crop.width + left) * 3;
    data.set(crop.data.subarray(start, start + stride), row * stride);
  }
  return { data, width, height, give };
}
