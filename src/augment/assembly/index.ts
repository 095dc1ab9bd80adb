export { affineBicubic, affineBilinear, affineNearest, rotateQuarters } from './affine';
export { adjustContrast, sumLuma } from './adjust-contrast';
export { adjustHue } from './adjust-hue';
export { adjustSaturation } from './adjust-saturation';
export { adjustSharpness } from './adjust-sharpness';
export { autocontrast } from './autocontrast';
export { blendConstant } from './blend-constant';
export { equalize } from './equalize';
export { gatherRow } from './gather-row';
export { gaussianBlur } from './gaussian-blur';
export { invert } from './invert';
export { packPixels, unpackPixels } from './packed';
export { fromPlanes, toPlanes } from './planes';
export { posterize } from './posterize';
export { resampleHorizontal } from './resample-horizontal';
export { resampleVertical } from './resample-vertical';
export { solarize } from './solarize';
export { toGrayscale } from './to-grayscale';

/** The first address that the arena may use. */
export function arenaStart(): usize {
  return (__heap_base + 63) & ~63;
}
