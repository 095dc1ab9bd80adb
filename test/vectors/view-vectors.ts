import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { scripts } from '../../scripts/torchvision-process.js';
import { defaultLimits } from '../../src/run/limits.js';
import { readRun } from '../../src/run/run-schema.js';
import { type Drawing, drawingOf } from '../../src/sample/draw-sample.js';

/** A sample of several views, and what stock torchvision makes of it. */
export interface ViewVector {
  readonly name: string;
  readonly image: string;
  readonly recipe: string;
  readonly settings: object;
  readonly seed: number;
  readonly views: readonly {
    readonly name: string;
    readonly size: number;
    readonly blurred: boolean;
    readonly sha256: string;
  }[];
  readonly expected?: string;
}

export const vectorsFolder = join(scripts, '../test/vectors');

export const viewVectors: readonly ViewVector[] = JSON.parse(readFileSync(join(vectorsFolder, 'views.json'), 'utf8'));

/** What is drawn for a vector, and the bytes of its file. */
export function inputOf({ recipe, settings, image }: ViewVector): { drawing: Drawing; file: Buffer } {
  const { data } = readRun('r', { recipe, sources: ['a'], global_batch: 1, ...settings }, ['a'], defaultLimits, []);
  return { drawing: drawingOf(data!, data!.views), file: readFileSync(join(vectorsFolder, image)) };
}
