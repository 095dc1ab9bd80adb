import type { Box, SampleDraw } from '../sample/draw.js';
import type { Crop, ImageSize } from './crop.js';
import { boxIn } from './cut-crop.js';

/** The pixels that all views of a sample need, decoded once, and their box in the image. */
export interface Union {
  readonly crop: Crop;
  readonly box: Box;
}

/**
 * Decodes what the views of a sample need together: the smallest box that holds their crops, or the whole image where something is
 * done to it before they are cut.
 *
 * @param decode gives the pixels of a box, as `decodeCrop`.
 */
export async function decodeUnion(
  { shared, views }: SampleDraw,
  { width, height }: ImageSize,
  decode: (box: Box) => Promise<Crop>,
): Promise<Union> {
  const box =
    shared.length > 0 ? { top: 0, left: 0, width, height } : union(views.map(({ geometry }) => geometry.crop));
  return { box, crop: await decode(box) };
}

/** The pixels of one view's crop, in the union's memory. */
export function cutView({ crop, box }: Union, view: Box): Crop {
  return boxIn(crop, { ...view, top: view.top - box.top, left: view.left - box.left });
}

/** The smallest box that holds all boxes but those without a pixel. */
export function union(boxes: readonly Box[]): Box {
  const filled = boxes.filter(({ width, height }) => width > 0 && height > 0);
  if (filled.length === 0) return boxes[0]!;
  const top = Math.min(...filled.map((box) => box.top));
  const left = Math.min(...filled.map((box) => box.left));
  const bottom = Math.max(...filled.map((box) => box.top + box.height));
  const right = Math.max(...filled.map((box) => box.left + box.width));
  return { top, left, height: bottom - top, width: right - left };
}
