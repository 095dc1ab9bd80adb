import type { Draw, Geometry } from './draw.js';
import { roundHalfEven } from './float32.js';

/**
 * The parameters of a validation sample, of which nothing is drawn: Resize of the shorter edge to `size`, the longer one
 * truncated, then CenterCrop to a square of `size`, its corner rounded half to even.
 *
 * Source: ultralytics data/augment.py, `classify_transforms`; torchvision functional.py, `_compute_resized_output_size` and
 * `center_crop`.
 *
 * @param image width and height of the stored image, in pixels.
 * @param size side of the square result, in pixels.
 */
export function drawEvaluation(
  image: { readonly width: number; readonly height: number },
  size: number,
  interpolation: Geometry['interpolation'],
): Draw {
  const short = Math.min(image.width, image.height);
  const long = Math.trunc((size * Math.max(image.width, image.height)) / short);
  const width = image.width <= image.height ? size : long;
  const height = image.width <= image.height ? long : size;
  const top = roundHalfEven((height - size) / 2);
  const left = roundHalfEven((width - size) / 2);
  const crop = { top: 0, left: 0, height: image.height, width: image.width };
  const window = { top, left, height: size, width: size };
  return {
    geometry: { crop, width, height, window, interpolation, hflip: false, vflip: false },
    steps: [],
    erase: null,
  };
}
