import type { Geometry, PolicyName } from '../../sample/draw.js';
import { type AffineMatrix, quarterTurns, rotateMatrix, shearMatrix, translateMatrix } from './affine-matrix.js';
import type { SimdImage } from './image.js';
import { adjustBrightness, adjustContrast, adjustSaturation } from './photometric.js';

type Interpolation = Geometry['interpolation'];
type PolicyKernel = (image: SimdImage, magnitude: number, interpolation: Interpolation) => void;

/** RandAugment's and AutoAugment's operations. torchvision autoaugment.py, `_apply_op`, on PIL images with fill 0. */
export const policyKernels: Readonly<Record<PolicyName, PolicyKernel>> = {
  Identity: () => {},
  ShearX: (image, magnitude, interpolation) => affine(image, shearMatrix(magnitude, 0), interpolation),
  ShearY: (image, magnitude, interpolation) => affine(image, shearMatrix(0, magnitude), interpolation),
  TranslateX: (image, magnitude, interpolation) =>
    affine(image, translateMatrix(image.size, magnitude, 0), interpolation),
  TranslateY: (image, magnitude, interpolation) =>
    affine(image, translateMatrix(image.size, 0, magnitude), interpolation),
  Rotate: rotate,
  Brightness: (image, magnitude) => adjustBrightness(image, 1 + magnitude),
  Color: (image, magnitude) => adjustSaturation(image, 1 + magnitude),
  Contrast: (image, magnitude) => adjustContrast(image, 1 + magnitude),
  Sharpness: (image, magnitude) =>
    image.betweenPlanes((run, from, to) => run.adjustSharpness(from, to, image.plane, image.size, 1 + magnitude)),
  Posterize: (image, magnitude) => {
    const bits = Math.trunc(magnitude);
    if (bits < 8) image.onPlanes((run, pixels) => run.posterize(pixels, image.plane, bits));
  },
  Solarize: (image, magnitude) => {
    const threshold = Math.ceil(magnitude);
    if (threshold > 255) return;
    image.onPlanes((run, pixels) =>
      threshold > 0 ? run.solarize(pixels, image.plane, threshold) : run.invert(pixels, image.plane),
    );
  },
  AutoContrast: (image) => image.onPlanes((run, pixels) => run.autocontrast(pixels, image.plane, image.area)),
  Equalize: (image) => image.onPlanes((run, pixels) => run.equalize(pixels, image.plane, image.area)),
  Invert: (image) => image.onPlanes((run, pixels) => run.invert(pixels, image.plane)),
};

const affineKernels = {
  NEAREST: 'affineNearest',
  BILINEAR: 'affineBilinear',
  BICUBIC: 'affineBicubic',
} as const;

function affine(image: SimdImage, matrix: AffineMatrix, interpolation: Interpolation): void {
  const address = image.kernels.place(Float64Array.from(matrix));
  image.betweenInterleaved((run, from, to) => run[affineKernels[interpolation]](from, to, image.size, address));
}

function rotate(image: SimdImage, angle: number, interpolation: Interpolation): void {
  const quarters = quarterTurns(angle);
  if (quarters === null) affine(image, rotateMatrix(image.size, angle), interpolation);
  else if (quarters > 0) {
    image.betweenInterleaved((run, from, to) => run.rotateQuarters(from, to, image.size, quarters));
  }
}
