import type { Interpolation } from '../../sample/draw.js';
import { type AffineMatrix, quarterTurns, rotateMatrix, shearMatrix, translateMatrix } from '../simd/affine-matrix.js';
import type { SimdImage } from '../simd/image.js';
import type { Operation } from './operation.js';

const kernels = { NEAREST: 'affineNearest', BILINEAR: 'affineBilinear', BICUBIC: 'affineBicubic' } as const;

function affine(image: SimdImage, matrix: AffineMatrix, interpolation: Interpolation): void {
  image.betweenInterleaved(kernels[interpolation], ...matrix);
}

// The five share a kernel, and torchvision autoaugment.py, `_apply_op`, has their matrices; what comes in is black.

/** A shear along the rows; the magnitude is the tangent. */
export const shearX: Operation<'shearX'> = {
  simd: (image, { magnitude, interpolation }) => affine(image, shearMatrix(magnitude, 0), interpolation),
};

/** A shear along the columns; the magnitude is the tangent. */
export const shearY: Operation<'shearY'> = {
  simd: (image, { magnitude, interpolation }) => affine(image, shearMatrix(0, magnitude), interpolation),
};

/** A translation to the right, by whole pixels. */
export const translateX: Operation<'translateX'> = {
  simd: (image, { magnitude, interpolation }) =>
    affine(image, translateMatrix(image.size, magnitude, 0), interpolation),
};

/** A translation downwards, by whole pixels. */
export const translateY: Operation<'translateY'> = {
  simd: (image, { magnitude, interpolation }) =>
    affine(image, translateMatrix(image.size, 0, magnitude), interpolation),
};

/** A counter-clockwise turn around the centre, in degrees. PIL/Image.py, `Image.rotate`. */
export const rotate: Operation<'rotate'> = {
  simd(image, { magnitude, interpolation }) {
    const quarters = quarterTurns(magnitude);
    if (quarters === null) affine(image, rotateMatrix(image.size, magnitude), interpolation);
    else if (quarters > 0) image.betweenInterleaved('rotateQuarters', quarters);
  },
};
