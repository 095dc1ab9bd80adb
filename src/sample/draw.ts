/** A box of pixels: rows `top .. top+height-1`, columns `left .. left+width-1`. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** How pixels between pixels are computed, by Pillow's names. */
export type Interpolation = 'NEAREST' | 'BILINEAR' | 'BICUBIC';

/**
 * The geometry of a sample: crop `crop` out of the source image, resize it to `width` x `height`, keep `window` of that,
 * and mirror it. RandomResizedCrop: width = height = window's side. Resize then CenterCrop: the crop is the whole image.
 */
export interface Geometry {
  readonly crop: Box;
  readonly width: number;
  readonly height: number;
  readonly window: Box;
  readonly interpolation: Interpolation;
  /** Mirrored from left to right. */
  readonly hflip: boolean;
  /** Mirrored from top to bottom. */
  readonly vflip: boolean;
}

/** Pillow's ImageEnhance: 0 is the degenerate image, 1 the image itself. */
interface Enhance<Name> {
  readonly op: Name;
  readonly factor: number;
}

/** A signed magnitude in the units of torchvision's `_apply_op`: a tangent, pixels, or degrees. */
interface Affine<Name> {
  readonly op: Name;
  readonly magnitude: number;
  readonly interpolation: Interpolation;
}

interface Plain<Name> {
  readonly op: Name;
}

/** One operation on the pixels of a sample, with what was drawn for it. Numbers are those that Python holds. */
export type DrawStep =
  | Enhance<'brightness'>
  | Enhance<'contrast'>
  | Enhance<'saturation'>
  | Enhance<'sharpness'>
  /** In turns, in [-0.5, 0.5]. */
  | { readonly op: 'hue'; readonly turns: number }
  | Plain<'grayscale'>
  /** 9 taps; the standard deviation in pixels. */
  | { readonly op: 'gaussianBlur'; readonly sigma: number }
  /** Levels at or above `threshold` are inverted. */
  | { readonly op: 'solarize'; readonly threshold: number }
  /** Keeps the upper `bits` of every level. */
  | { readonly op: 'posterize'; readonly bits: number }
  /** A resize of the square image to another side, in pixels. */
  | { readonly op: 'resize'; readonly size: number; readonly interpolation: Interpolation }
  | Plain<'invert'>
  | Plain<'autocontrast'>
  | Plain<'equalize'>
  | Affine<'shearX'>
  | Affine<'shearY'>
  | Affine<'translateX'>
  | Affine<'translateY'>
  | Affine<'rotate'>;

/** The name of an operation, as steps carry it. */
export type OperationName = DrawStep['op'];

/** The step of one operation. */
export type DrawStepOf<Name extends OperationName> = Extract<DrawStep, { readonly op: Name }>;

/**
 * All that was drawn for one view of a sample: with the decoded image it decides every pixel. The geometry applies first, then the
 * steps in their order, and `erase` to the finished tensor. JSON of this object is what `augment` prints and what headers
 * carry where asked for.
 */
export interface Draw {
  readonly geometry: Geometry;
  readonly steps: readonly DrawStep[];
  /** The box that RandomErasing sets to zero after Normalize; null for none. */
  readonly erase: Box | null;
}

/** All that was drawn for one sample. */
export interface SampleDraw {
  /** What is done to the whole image before any view is cut out of it; empty where the views share nothing. */
  readonly shared: readonly DrawStep[];
  /** Of each view, the groups in their order; one where the sample has one view. */
  readonly views: readonly Draw[];
}
