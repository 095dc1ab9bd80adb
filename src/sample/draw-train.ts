import type { Knobs } from '../run/run.js';
import { drawAutoAugment } from './auto-augment.js';
import { drawColorJitter } from './color-jitter.js';
import type { Draw, DrawStep } from './draw.js';
import { drawFlip } from './flip.js';
import { drawGaussianBlur } from './gaussian-blur.js';
import { drawGrayscale } from './grayscale.js';
import { type Generator, mersenneTwister } from './mersenne-twister.js';
import { drawRandAugment } from './rand-augment.js';
import { drawRandomErasing } from './random-erasing.js';
import { drawRandomResizedCrop } from './random-resized-crop.js';
import { drawSolarize } from './solarize.js';

/**
 * All that stock torchvision draws for one training sample after `torch.manual_seed(seed)`, in the order in which it draws
 * and applies: each line below is one transform of upstream's Compose, and one that upstream leaves out draws nothing. This
 * is the one place that states the order of the steps.
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
  const hflip = drawFlip(generator, knobs.fliplr);
  const vflip = drawFlip(generator, knobs.flipud);
  const steps = [
    ...drawPolicy(generator, knobs, size),
    ...(knobs.auto_augment === null || knobs.force_color_jitter ? drawColorJitter(generator, knobs) : []),
    ...drawGrayscale(generator, knobs.grayscale),
    ...drawGaussianBlur(generator, knobs.gaussian_blur),
    ...drawSolarize(generator, knobs.solarize),
  ];
  const erase = drawRandomErasing(generator, size, knobs.erasing);
  const window = { top: 0, left: 0, height: size, width: size };
  const { interpolation } = knobs;
  return { geometry: { crop, width: size, height: size, window, interpolation, hflip, vflip }, steps, erase };
}

function drawPolicy(generator: Generator, { auto_augment, interpolation }: Knobs, size: number): DrawStep[] {
  if (auto_augment === 'randaugment') return drawRandAugment(generator, size, interpolation);
  if (auto_augment === 'autoaugment') return drawAutoAugment(generator, interpolation);
  return [];
}
