import type { Knobs } from '../run/run.js';
import { drawAutoAugment } from './auto-augment.js';
import { drawColorJitter } from './color-jitter.js';
import type { Draw, PolicyOperation } from './draw.js';
import { drawGaussianBlur } from './gaussian-blur.js';
import { drawGrayscale } from './grayscale.js';
import { drawHorizontalFlip } from './horizontal-flip.js';
import { type Generator, mersenneTwister } from './mersenne-twister.js';
import { drawRandAugment } from './rand-augment.js';
import { drawRandomErasing } from './random-erasing.js';
import { drawRandomResizedCrop } from './random-resized-crop.js';
import { drawSolarize } from './solarize.js';
import { drawVerticalFlip } from './vertical-flip.js';

/**
 * All that stock torchvision draws for one training sample after `torch.manual_seed(seed)`, in the order in which it
 * draws: each line below is one transform of upstream's Compose, and a transform that upstream leaves out draws nothing.
 *
 * Source: ultralytics data/augment.py, `classify_augmentations`, with the distillation trainer's additions between
 * ColorJitter and ToTensor.
 *
 * @param seed an integer in [0, 2^32).
 * @param image width and height of the stored image, in pixels.
 * @param size side of the square result, in pixels.
 */
export function drawTrain(
  seed: number,
  image: { readonly width: number; readonly height: number },
  size: number,
  knobs: Knobs,
): Draw {
  const generator = mersenneTwister(seed);
  const crop = drawRandomResizedCrop(generator, image, knobs.scale, knobs.ratio);
  const hflip = drawHorizontalFlip(generator, knobs.fliplr);
  const vflip = drawVerticalFlip(generator, knobs.flipud);
  const policy = drawPolicy(generator, knobs.auto_augment, size);
  const jitter = knobs.auto_augment === null || knobs.force_color_jitter ? drawColorJitter(generator, knobs) : null;
  const grayscale = drawGrayscale(generator, knobs.grayscale);
  const blur = drawGaussianBlur(generator, knobs.gaussian_blur);
  const solarize = drawSolarize(generator, knobs.solarize);
  const erase = drawRandomErasing(generator, size, knobs.erasing);
  const window = { top: 0, left: 0, height: size, width: size };
  const geometry = { crop, width: size, height: size, window, interpolation: knobs.interpolation };
  return { geometry, hflip, vflip, policy, jitter, grayscale, blur, solarize, erase };
}

function drawPolicy(generator: Generator, name: Knobs['auto_augment'], size: number): PolicyOperation[] {
  if (name === 'randaugment') return drawRandAugment(generator, size);
  if (name === 'autoaugment') return drawAutoAugment(generator);
  return [];
}
