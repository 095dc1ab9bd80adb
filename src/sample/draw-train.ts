import type { Knobs } from '../run/run.js';
import { drawAutoAugment } from './auto-augment.js';
import { drawColorJitter } from './color-jitter.js';
import type { Draw, DrawStep, Interpolation } from './draw.js';
import { drawFlip } from './flip.js';
import { drawGaussianBlur } from './gaussian-blur.js';
import { drawGrayscale } from './grayscale.js';
import { type Generator, mersenneTwister } from './mersenne-twister.js';
import { drawRandAugment } from './rand-augment.js';
import { drawRandomErasing } from './random-erasing.js';
import { drawRandomResizedCrop } from './random-resized-crop.js';
import { drawSolarize } from './solarize.js';

/** Width and height of a stored image, in pixels. */
export interface ImageSides {
  readonly width: number;
  readonly height: number;
}

/** Where a view has its place among the others of its sample. */
interface Among {
  /** Side to which its crop is resized first, where another group shows the same crops larger; in pixels. */
  readonly base?: number;
  /** Whether jitter and grey have been drawn for all views. */
  readonly sharesColour?: boolean;
}

/**
 * All that stock torchvision draws for one view of a training sample, in the order in which it draws and applies: each line below is
 * one transform of upstream's Compose, and one that upstream leaves out draws nothing. This is the one place that states the order
 * of the steps.
 *
 * Source: ultralytics data/augment.py, `classify_augmentations`, with the distillation trainer's additions between
 * ColorJitter and ToTensor; dinov2 and dinov3 data/augmentations.py, whose flips, jitter, grey and blur draw at every probability.
 *
 * @param image width and height of the stored image, in pixels.
 * @param size side of the square result, in pixels.
 */
export function drawView(
  generator: Generator,
  image: ImageSides,
  size: number,
  knobs: Knobs,
  { base = size, sharesColour = false }: Among = {},
): Draw {
  const { interpolation } = knobs;
  const isDino = knobs.transforms !== 'ultralytics';
  const crop = drawRandomResizedCrop(generator, image, knobs.scale, knobs.ratio);
  const hflip = drawFlip(generator, knobs.fliplr, isDino);
  const vflip = drawFlip(generator, knobs.flipud);
  const steps = [
    ...resized(base, size, interpolation),
    ...drawPolicy(generator, knobs, size),
    ...(sharesColour ? [] : drawColour(generator, knobs)),
    ...drawGaussianBlur(generator, knobs),
    ...drawSolarize(generator, knobs.solarize),
  ];
  const erase = isDino && knobs.erasing === 0 ? null : drawRandomErasing(generator, size, knobs.erasing);
  const window = { top: 0, left: 0, height: base, width: base };
  return { geometry: { crop, width: base, height: base, window, interpolation, hflip, vflip }, steps, erase };
}

/** The draws of a sample of one view after `torch.manual_seed(seed)`. @param seed an integer in [0, 2^32). */
export function drawTrain(seed: number, image: ImageSides, size: number, knobs: Knobs): Draw {
  return drawView(mersenneTwister(seed), image, size, knobs);
}

/** Jitter and grey, as `drawView` has them at their place. */
export function drawColour(generator: Generator, knobs: Knobs): DrawStep[] {
  return [
    ...(knobs.auto_augment === null || knobs.force_color_jitter ? drawColorJitter(generator, knobs) : []),
    ...drawGrayscale(generator, knobs.grayscale, knobs.transforms !== 'ultralytics'),
  ];
}

/** The step from one side to another; none where they are the same, as then Pillow copies. */
export function resized(from: number, size: number, interpolation: Interpolation): DrawStep[] {
  return from === size ? [] : [{ op: 'resize', size, interpolation }];
}

function drawPolicy(generator: Generator, { auto_augment, interpolation }: Knobs, size: number): DrawStep[] {
  if (auto_augment === 'randaugment') return drawRandAugment(generator, size, interpolation);
  if (auto_augment === 'autoaugment') return drawAutoAugment(generator, interpolation);
  return [];
}
