import { type PointOperation, parameter } from './operation.js';

/**
 * ColorJitter's brightness: a blend with black, so one product, clipped and truncated.
 *
 * Source: torchvision/transforms/functional_pil.py, `adjust_brightness`; Pillow ImageEnhance.Brightness.
 */
export const brightness: PointOperation = {
  name: 'brightness',
  source: `
    const factor = program[z][${parameter.brightness}];
    r = Math.min(255, Math.floor(Math.fround(factor * r)));
    g = Math.min(255, Math.floor(Math.fround(factor * g)));
    b = Math.min(255, Math.floor(Math.fround(factor * b)));`,
  prepare({ brightness }, { program }) {
    program[parameter.brightness] = brightness!;
  },
};
