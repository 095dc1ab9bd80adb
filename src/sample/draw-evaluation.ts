import { resizeAndCenterCrop } from './center-crop.js';
import type { Draw, Geometry } from './draw.js';

/**
 * The parameters of a validation sample: Resize and CenterCrop, and nothing drawn.
 *
 * Source: ultralytics data/augment.py, `classify_transforms`.
 *
 * @param image width and height of the stored image, in pixels.
 * @param size side of the square result, in pixels.
 */
export function drawEvaluation(
  image: { readonly width: number; readonly height: number },
  size: number,
  interpolation: Geometry['interpolation'],
): Draw {
  return { geometry: resizeAndCenterCrop(image, size, interpolation), steps: [], erase: null };
}
