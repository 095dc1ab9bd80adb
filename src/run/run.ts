import type { Limits } from './limits.js';

/** Upstream's augmentation knobs, resolved: a recipe's values with the run's own on top. Probabilities in [0, 1]. */
export interface Knobs {
  /** Half range of the hue shift, in turns, in [0, 0.5]. */
  readonly hsv_h: number;
  /** Half range of the saturation factor around 1. */
  readonly hsv_s: number;
  /** Half range of the brightness and contrast factors around 1. */
  readonly hsv_v: number;
  /** Probability of ColorJitter; at 1 it is bare and draws nothing to decide. */
  readonly color_jitter: number;
  /** Probability of RandomGrayscale. */
  readonly grayscale: number;
  /** Probability of GaussianBlur (9 taps). */
  readonly gaussian_blur: number;
  /** Bounds of the blur's standard deviation, in pixels. */
  readonly blur_sigma: readonly [number, number];
  /** Probability of RandomSolarize (threshold 128). */
  readonly solarize: number;
  /** Probability of RandomErasing. */
  readonly erasing: number;
  /** The policy between the flips and the jitter. */
  readonly auto_augment: 'randaugment' | 'autoaugment' | null;
  /** Whether ColorJitter runs beside a policy. */
  readonly force_color_jitter: boolean;
  /** Probability of RandomHorizontalFlip. */
  readonly fliplr: number;
  /** Probability of RandomVerticalFlip. */
  readonly flipud: number;
  /** Bounds of the crop's area as a fraction of the image's. */
  readonly scale: readonly [number, number];
  /** Bounds of the crop's width over its height. */
  readonly ratio: readonly [number, number];
  /** The filter of the resize and of the policy's geometric operations. */
  readonly interpolation: 'NEAREST' | 'BILINEAR' | 'BICUBIC';
  /** Whose pipeline draws: which transforms draw at probability 0, and how probabilities are compared. */
  readonly transforms: 'ultralytics' | 'dinov2' | 'dinov3';
}

/** Views of one kind, which are one tensor of a batch. */
export interface ViewGroup {
  /** What a batch calls them: its views are `NAME1`, `NAME2`, ... */
  readonly name: string;
  /** Side of the square images, in pixels. */
  readonly size: number;
  /**
   * The group whose crops these views show, at `size` and before anything is done to their colours; null where each view has a
   * crop of its own. Nothing is drawn for them.
   */
  readonly of: string | null;
  /** The knobs of each view: as many as the group has views. */
  readonly knobs: readonly Knobs[];
  /** What iBOT hides of these views; absent where nothing is. */
  readonly masks?: Masks;
}

/** Block-wise masks, by DINOv3's names (data/masking.py, data/collate.py). */
export interface Masks {
  /** Side of a patch, in pixels. */
  readonly patch: number;
  /** The share of a group's images of which something is hidden. */
  readonly probability: number;
  /** The least and the largest share of patches that is hidden of an image. */
  readonly ratio: readonly [number, number];
  /** The least ratio of a block's sides; the largest is its inverse. */
  readonly aspect: number;
}

/** The sizes of one step's views, of several that a run lists. */
export interface Resolution {
  /** How often it comes, in any unit. */
  readonly weight: number;
  /** The groups at these sizes; every resolution of a run has the same groups. */
  readonly views: readonly ViewGroup[];
}

/** Upstream's optimiser knobs, which the trainer applies. They do not decide any byte. */
export interface Training {
  readonly lr0: number;
  readonly lrf: number;
  readonly weight_decay: number;
  /** Weight decay of the last epoch; null where it is constant. */
  readonly wd_end: number | null;
  /** The shape of the way from weight_decay to wd_end: upstream's half cosine per epoch, or DINOv3's line. */
  readonly wd_schedule: 'cosine' | 'linear';
  /** The shape of the learning-rate factor: upstream's with `cos_lr`, or its line without. */
  readonly lr_schedule: 'cosine' | 'linear';
  readonly warmup_epochs: number;
  readonly epochs: number;
  readonly momentum: number;
  readonly grad_clip: number;
  readonly beta2: number | null;
}

/** A run as its config says it, resolved: what a trainer asks for by name. */
export interface Run {
  readonly name: string;
  readonly recipe: string;
  readonly knobs: Knobs;
  readonly training: Training;
  /** Names of sources, in the run's order. */
  readonly sources: readonly string[];
  /** Exponent that evens the sources out, in [0, 1]; ignored where `weights` are given. */
  readonly sample_t: number;
  /** Shares by source, as given; null where `sample_t` decides. */
  readonly weights: Readonly<Record<string, number>> | null;
  readonly sampling: 'exact' | 'iid';
  readonly split: 'train' | 'val';
  /** Whether every sample comes once, in order, resized and centre-cropped, instead of mixed and augmented. */
  readonly evaluate: boolean;
  /** Whether all sources share one numbering of their classes, or each keeps its own. */
  readonly labels: 'joined' | 'own';
  /** Any integer in [0, 2^53). 0 is a seed like any other. */
  readonly seed: number;
  /** The views of every sample; empty where it has one view, of `image_size` and `knobs`. See `viewsOf`. */
  readonly views: readonly ViewGroup[];
  /** What each step takes one of; empty where all steps have the same sizes. Evaluation takes none. */
  readonly resolutions: readonly Resolution[];
  /** Whether jitter and grey are drawn once, for the whole image, before any view is cut out of it. */
  readonly share_color_jitter: boolean;
  /** Side of the square images of one view, and of evaluation; in pixels. */
  readonly image_size: number;
  /** The shorter side that evaluation resizes to before it crops `image_size`, in pixels; no less than that. */
  readonly resize_size: number;
  /** Samples of a step, over all ranks. */
  readonly global_batch: number;
  readonly on_corrupt: 'substitute' | 'fail';
  /** The share of corrupt samples that stops a run, after a probation; 1 never stops. */
  readonly max_corrupt: number;
  /**
   * What a file may ask of the decoder, from the config. A file beyond `pixels` or `bytes` is
   * substituted, so these two decide bytes as the knobs do.
   */
  readonly limits: Limits;
}
