import type { Knobs, Training } from './run.js';
import type { ViewSettings } from './views.js';

/** A named set of knobs: what upstream sets them to, where a run does not say otherwise. */
export interface Recipe {
  readonly name: string;
  readonly knobs: Knobs;
  readonly training: Training;
  /** The groups of a recipe of several views, each with what it sets beside `knobs`; absent where it has one view. */
  readonly views?: readonly ViewSettings[];
  readonly share_color_jitter?: boolean;
  /** Side of the images where it is not 224, in pixels. */
  readonly image_size?: number;
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
  blur_sigma: [0.1, 2],
  solarize: 0,
  erasing: 0.4,
  auto_augment: 'randaugment',
  force_color_jitter: false,
  fliplr: 0.5,
  flipud: 0,
  scale: [0.08, 1],
  ratio: [3 / 4, 4 / 3],
  interpolation: 'BICUBIC',
  transforms: 'ultralytics',
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

/** UNIC's and DUNE's jitter, blur and solarize over one view (naver/unic main_unic.py; naver/dune data/transform.py). */
const unicKnobs: Knobs = {
  ...dinov3Knobs,
  color_jitter: 0.8,
  gaussian_blur: 0.2,
  blur_sigma: [0.1, 5],
};

/** What DINOv2 and DINOv3 do to every view (dinov2, dinov3: data/augmentations.py). */
const dinoKnobs: Knobs = { ...dinov3Knobs, transforms: 'dinov3', color_jitter: 0.8, solarize: 0 };

/**
 * DINO's crops. The blur's probabilities are those that take effect: upstream's GaussianBlur(p) applies with 1 - p.
 * A gram teacher's crops are there where `gram_size` says how large.
 */
function dinoViews(globalSize: number, localSize: number, gramSize: number | null = null): readonly ViewSettings[] {
  return [
    {
      name: 'global',
      count: 2,
      image_size: globalSize,
      scale: [0.32, 1],
      gaussian_blur: [0, 0.9],
      solarize: [0, 0.2],
    },
    { name: 'gram', of: 'global', image_size: gramSize },
    { name: 'local', count: 8, image_size: localSize, scale: [0.05, 0.32], gaussian_blur: 0.5 },
  ];
}

/** What upstream's runner sets for every recipe (run_enc_distill_phase1.py). */
const runner = {
  lrf: 0.01,
  momentum: 0.9,
  wd_end: null,
  wd_schedule: 'cosine',
  lr_schedule: 'cosine',
  beta2: null,
} as const;

/** DINOv2's and DINOv3's optimiser (ssl_default_config.yaml; vitl_im1k_lin834.yaml). */
const dino = {
  lr0: 1e-3,
  lrf: 1e-3,
  weight_decay: 0.04,
  wd_end: 0.4,
  wd_schedule: 'cosine',
  lr_schedule: 'cosine',
  warmup_epochs: 10,
  epochs: 100,
  momentum: 0.9,
  grad_clip: 3,
  beta2: 0.999,
} as const;

/** That of DINOv3's ViT-7B (dinov3_vit7b16_pretrain.yaml, dinov3_vit7b16_gram_anchor.yaml). */
const dino7b = { ...dino, lrf: 1, wd_end: null, warmup_epochs: 100, grad_clip: 30, beta2: 0.99 } as const;

/** That of UNIC and DUNE (main_unic.py, main_dune.py). */
const naver = { ...runner, lr0: 3e-4, lrf: 1 / 300, weight_decay: 0.03, grad_clip: 0, beta2: 0.99 } as const;

/**
 * Every recipe: those of one view in upstream's order (run_enc_distill_phase1.py, `RECIPES`), the papers' of one view, and those of
 * several views. docs/recipes.md has the table.
 */
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
  {
    name: 'unic_paper',
    knobs: unicKnobs,
    training: { ...naver, warmup_epochs: 10, epochs: 200 },
  },
  {
    name: 'dune_paper',
    knobs: { ...unicKnobs, scale: [0.4, 1] },
    image_size: 336,
    training: { ...naver, warmup_epochs: 20, epochs: 100 },
  },
  {
    name: 'dinov2',
    knobs: { ...dinoKnobs, transforms: 'dinov2' },
    views: dinoViews(224, 96),
    training: { ...dino, lr0: 4e-3, lrf: 2.5e-4 },
  },
  {
    name: 'dinov3_vitl',
    knobs: dinoKnobs,
    views: dinoViews(224, 96),
    training: dino,
  },
  {
    name: 'dinov3_7b',
    knobs: { ...dinoKnobs, fliplr: 0 },
    views: dinoViews(256, 112),
    training: { ...dino7b, lr0: 5e-5, epochs: 1000 },
  },
  {
    name: 'dinov3_gram',
    knobs: { ...dinoKnobs, fliplr: 0 },
    views: dinoViews(256, 112, 512),
    training: { ...dino7b, lr0: 3e-5, epochs: 1200 },
  },
  {
    name: 'dinov3_shared',
    knobs: dinoKnobs,
    views: dinoViews(224, 96),
    share_color_jitter: true,
    training: dino,
  },
];
