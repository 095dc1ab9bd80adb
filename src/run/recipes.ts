import type { Knobs, Training } from './run.js';

/** A named set of knobs: what upstream sets them to, where a run does not say otherwise. */
export interface Recipe {
  readonly name: string;
  readonly knobs: Knobs;
  readonly training: Training;
}

/**
 * What a recipe without augmentation knobs of its own inherits: Ultralytics' cfg/default.yaml as
 * `classify_augmentations` (ultralytics/data/augment.py) receives it. RandAugment suppresses the colour jitter here.
 */
const inherited: Knobs = {
  hsv_h: 0.015,
  hsv_s: 0.7,
  hsv_v: 0.4,
  color_jitter: 1,
  grayscale: 0,
  gaussian_blur: 0,
  solarize: 0,
  erasing: 0.4,
  auto_augment: 'randaugment',
  force_color_jitter: false,
  fliplr: 0.5,
  flipud: 0,
  scale: [0.08, 1],
  ratio: [3 / 4, 4 / 3],
  interpolation: 'BICUBIC',
};

/** DINOv3's jitter, grey, blur and solarize over one view (callbacks/distill_aug.py). */
const dinov3Knobs: Knobs = {
  ...inherited,
  hsv_h: 0.1,
  hsv_s: 0.2,
  hsv_v: 0.4,
  grayscale: 0.2,
  gaussian_blur: 0.5,
  solarize: 0.2,
  erasing: 0,
  auto_augment: null,
};

/** What upstream's runner sets for every recipe (run_enc_distill_phase1.py). */
const runner = {
  lrf: 0.01,
  momentum: 0.9,
  wd_end: null,
  wd_schedule: 'cosine',
  lr_schedule: 'cosine',
  beta2: null,
} as const;

/** Every recipe, in upstream's order (run_enc_distill_phase1.py, `RECIPES`). docs/recipes.md has the table. */
export const recipes: readonly Recipe[] = [
  {
    name: 'default',
    knobs: inherited,
    training: { ...runner, lr0: 3e-4, weight_decay: 0.05, warmup_epochs: 1, epochs: 10, grad_clip: 3 },
  },
  {
    name: 'eupe',
    knobs: inherited,
    training: { ...runner, lr0: 2e-5, weight_decay: 1e-4, warmup_epochs: 1, epochs: 30, grad_clip: 3 },
  },
  {
    name: 'radio',
    knobs: inherited,
    training: { ...runner, lr0: 1e-3, weight_decay: 0.02, warmup_epochs: 1, epochs: 30, grad_clip: 1, beta2: 0.95 },
  },
  {
    name: 'unic',
    knobs: inherited,
    training: { ...runner, lr0: 6e-4, weight_decay: 0.03, warmup_epochs: 2, epochs: 30, grad_clip: 3 },
  },
  {
    name: 'dinov3',
    knobs: dinov3Knobs,
    training: { ...runner, lr0: 2e-4, weight_decay: 0.04, wd_end: 0.2, warmup_epochs: 1, epochs: 114, grad_clip: 3 },
  },
  {
    name: 'dinov3_lowwd',
    knobs: dinov3Knobs,
    training: { ...runner, lr0: 2e-4, weight_decay: 0.02, warmup_epochs: 1, epochs: 114, grad_clip: 3 },
  },
];
