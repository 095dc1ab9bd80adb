import { TributaryError } from '../errors.js';
import type { Draw, Geometry } from './draw.js';
import { roundHalfEven } from './float32.js';

/**
 * The parameters of an evaluated sample, of which nothing is drawn: Resize of the shorter edge to `resizeSize`, the longer one
 * truncated, then CenterCrop to a square of `size`, its corner rounded half to even.
 *
 * Source: ultralytics data/augment.py, `classify_transforms`; torchvision functional.py, `_compute_resized_output_size` and
 * `center_crop`.
 *
 * @param image width and height of the stored image, in pixels.
 * @param resizeSize the shorter side after the resize, in pixels; at least `size`.
 * @param size side of the square result, in pixels.
 * @throws TributaryError SAMPLE_CORRUPT for a strip that Pillow cannot resize, however much memory there is.
 */
export function drawEvaluation(
  image: { readonly width: number; readonly height: number },
  resizeSize: number,
  size: number,
  interpolation: Geometry['interpolation'],
): Draw {
  const short = Math.min(image.width, image.height);
  const long = Math.trunc((resizeSize * Math.max(image.width, image.height)) / short);
  if (long > longestSide(long / Math.max(image.width, image.height), interpolation))
    throw stripTooLong(image, resizeSize, long);
  const width = image.width <= image.height ? resizeSize : long;
  const height = image.width <= image.height ? long : resizeSize;
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

const largestInt = 2 ** 31 - 1;

/**
 * The longest side that Pillow resizes to: its table of weights must not pass 2^31 - 1 bytes (Resample.c,
 * `precompute_coeffs`), nor a row of an image (Storage.c, `ImagingNewPrologueSubtype`). For NEAREST, which has no table, the bound
 * on a row stands for both sides.
 */
function longestSide(scale: number, interpolation: Geometry['interpolation']): number {
  if (interpolation === 'NEAREST') return Math.floor(largestInt / 4) - 1;
  const taps = 2 * Math.ceil((interpolation === 'BICUBIC' ? 2 : 1) * Math.max(1, 1 / scale)) + 1;
  return Math.floor(largestInt / (8 * taps));
}

function stripTooLong({ width, height }: { width: number; height: number }, resizeSize: number, long: number) {
  return new TributaryError('SAMPLE_CORRUPT', {
    expected: `an image that Pillow can resize to a shorter side of ${resizeSize} pixels`,
    came: `a strip of ${width} x ${height}, whose longer side would have ${long}`,
    remedy: 'Remove the file and build the manifest again, or let on_corrupt substitute it',
    metadata: { cause: 'too-long' },
  });
}
