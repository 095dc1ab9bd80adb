import type { PointOperation } from './operation.js';

/** The level from which on RandomSolarize inverts, as every recipe here gives it. */
export const solarizeThreshold = 128;

/** Kernel source: `level` solarized. */
export const solarized = (level: string): string => `(${level} >= ${solarizeThreshold} ? 255 - ${level} : ${level})`;

/**
 * RandomSolarize with threshold 128: inverts every level at or above it.
 *
 * Source: torchvision/transforms/functional_pil.py, `solarize`; Pillow ImageOps.solarize.
 */
export const solarize: PointOperation = {
  name: 'solarize',
  source: `
    r = ${solarized('r')};
    g = ${solarized('g')};
    b = ${solarized('b')};`,
};
