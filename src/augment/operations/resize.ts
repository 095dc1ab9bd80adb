import { resize as resizeCrop } from '../simd/resize.js';
import type { Operation } from './operation.js';

/**
 * Pillow's resize of the whole image to another side; worker threads alone do it.
 *
 * Source: torchvision/transforms/functional_pil.py, `resize`; Pillow/Resample.c.
 */
export const resize: Operation<'resize'> = {
  simd(image, { size, interpolation }) {
    const box = { top: 0, left: 0, width: image.size, height: image.size };
    const window = { top: 0, left: 0, width: size, height: size };
    // The arena may grow, and move, while the resize allocates.
    const crop = { data: image.pixels().slice(), width: image.size, height: image.size };
    const geometry = { crop: box, width: size, height: size, window, interpolation, hflip: false, vflip: false };
    image.replace(resizeCrop(image.kernels, crop, geometry, size), size);
  },
};
