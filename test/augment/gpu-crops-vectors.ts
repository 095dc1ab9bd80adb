import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readVectors } from '../../scripts/sample-pixels.js';
import { scripts } from '../../scripts/torchvision-process.js';
import { decodeCrop } from '../../src/decode/decode-crop.js';
import { probe } from '../../src/decode/probe.js';
import { defaultLimits } from '../../src/run/limits.js';
import { drawEvaluation } from '../../src/sample/draw-evaluation.js';
import { drawTrain } from '../../src/sample/draw-train.js';
import type { CropCase } from './gpu-crops-cases.js';

/** The vectors of stock torchvision as crops and draws, by the side of their results (vectors.test.ts holds simd to them). */
export async function vectorCases(folder = join(scripts, '../test/vectors')): Promise<Map<number, CropCase[]>> {
  const bySize = new Map<number, CropCase[]>();
  for (const { image, split, seed, size, knobs } of readVectors(folder)) {
    const file = readFileSync(join(folder, image));
    const stored = await probe(file, defaultLimits);
    const draw =
      split === 'train'
        ? drawTrain(seed, stored, size, knobs)
        : drawEvaluation(stored, size, size, knobs.interpolation);
    const crop = await decodeCrop(file, draw.geometry.crop, defaultLimits);
    bySize.set(size, [...(bySize.get(size) ?? []), { crop, draw }]);
  }
  return bySize;
}
