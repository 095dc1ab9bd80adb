import type { Draw, Jitter } from '../../sample/draw.js';
import { blurRadius, blurWeights } from '../blur-weights.js';
import type { SimdImage } from './image.js';

type JitterOperation = (image: SimdImage, jitter: Jitter) => void;

/** ColorJitter's operations in torchvision's numbering. transforms.py, `ColorJitter.forward`. */
export const jitterOperations: readonly [JitterOperation, JitterOperation, JitterOperation, JitterOperation] = [
  (image, { brightness }) => {
    if (brightness !== null) adjustBrightness(image, brightness);
  },
  (image, { contrast }) => {
    if (contrast !== null) adjustContrast(image, contrast);
  },
  (image, { saturation }) => {
    if (saturation !== null) adjustSaturation(image, saturation);
  },
  (image, { hue }) => {
    if (hue !== null) adjustHue(image, hue);
  },
];

/** Whether a draw asks for any operation of this file. */
export function isPhotometric(draw: Draw): boolean {
  return draw.jitter !== null || draw.grayscale || draw.blur !== null || draw.solarize;
}

/** ColorJitter, RandomGrayscale, GaussianBlur and RandomSolarize as drawn. */
export function applyPhotometric(image: SimdImage, { jitter, grayscale, blur, solarize }: Draw): void {
  if (jitter !== null) for (const operation of jitter.order) jitterOperations[operation]!(image, jitter);
  if (grayscale) image.onPlanes((run, pixels) => run.toGrayscale(pixels, image.plane));
  if (blur !== null) gaussianBlur(image, blur);
  if (solarize) image.onPlanes((run, pixels) => run.solarize(pixels, image.plane, 128));
}

/** torchvision functional_pil.py, `adjust_brightness`; a factor of 1 changes nothing. */
export function adjustBrightness(image: SimdImage, factor: number): void {
  image.onPlanes((run, pixels) => run.adjustBrightness(pixels, image.plane, factor));
}

/** torchvision functional_pil.py, `adjust_contrast`. */
export function adjustContrast(image: SimdImage, factor: number): void {
  image.onPlanes((run, pixels) => run.adjustContrast(pixels, image.plane, image.area, factor));
}

/** torchvision functional_pil.py, `adjust_saturation`. */
export function adjustSaturation(image: SimdImage, factor: number): void {
  image.onPlanes((run, pixels) => run.adjustSaturation(pixels, image.plane, factor));
}

/** torchvision functional_pil.py, `adjust_hue`: the shift is whole 255ths of a turn and wraps at 256. */
export function adjustHue(image: SimdImage, turns: number): void {
  image.onPlanes((run, pixels) => run.adjustHue(pixels, image.plane, Math.trunc(turns * 255) & 255));
}

/** torchvision functional_tensor.py, `gaussian_blur` with 9 taps, with the weights that every backend shares. */
export function gaussianBlur(image: SimdImage, sigma: number): void {
  const side = blurWeights(sigma).subarray(blurRadius);
  const radius = side.findLastIndex((weight) => weight !== 0);
  if (radius === 0) return;
  const weights = image.kernels.place(side);
  const scratch = image.kernels.allocate(4 * image.size + 128);
  image.betweenPlanes((run, from, to) => run.gaussianBlur(from, to, image.plane, image.size, weights, radius, scratch));
}
