/** A box of pixels: rows `top .. top+height-1`, columns `left .. left+width-1`. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/**
 * The geometry of a sample: crop `crop` out of the source image, resize it to `width` x `height`, and keep `window` of
 * that. RandomResizedCrop: width = height = window's side. Resize then CenterCrop: the crop is the whole image.
 */
export interface Geometry {
  readonly crop: Box;
  readonly width: number;
  readonly height: number;
  readonly window: Box;
  readonly interpolation: 'NEAREST' | 'BILINEAR' | 'BICUBIC';
}

/** The operations of RandAugment and AutoAugment, by torchvision's names (autoaugment.py, `_apply_op`). */
export type PolicyName =
  | 'Identity'
  | 'ShearX'
  | 'ShearY'
  | 'TranslateX'
  | 'TranslateY'
  | 'Rotate'
  | 'Brightness'
  | 'Color'
  | 'Contrast'
  | 'Sharpness'
  | 'Posterize'
  | 'Solarize'
  | 'AutoContrast'
  | 'Equalize'
  | 'Invert';

/** One operation of a policy with its signed magnitude, in `_apply_op`'s own units. */
export interface PolicyOperation {
  readonly name: PolicyName;
  readonly magnitude: number;
}

/** ColorJitter's factors, float32, and the order they apply in; null where a range is zero and nothing is drawn. */
export interface Jitter {
  /** A permutation of 0 brightness, 1 contrast, 2 saturation, 3 hue. */
  readonly order: readonly [number, number, number, number];
  readonly brightness: number | null;
  readonly contrast: number | null;
  readonly saturation: number | null;
  /** In turns, in [-0.5, 0.5]. */
  readonly hue: number | null;
}

/**
 * All that was drawn for one sample: with the decoded image it decides every pixel. Operations apply in the order of the
 * fields. JSON of this object is what `augment` prints and what headers carry where asked for.
 */
export interface Draw {
  readonly geometry: Geometry;
  readonly hflip: boolean;
  readonly vflip: boolean;
  readonly policy: readonly PolicyOperation[];
  readonly jitter: Jitter | null;
  readonly grayscale: boolean;
  /** Sigma of the 9-tap blur, float32; null for none. */
  readonly blur: number | null;
  readonly solarize: boolean;
  /** The box that RandomErasing sets to zero after Normalize; null for none. */
  readonly erase: Box | null;
}
