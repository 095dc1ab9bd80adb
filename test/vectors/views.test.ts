import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { viewPixels } from '../../scripts/sample-pixels.js';
import { scripts } from '../../scripts/torchvision-process.js';
import { SimdKernels } from '../../src/augment/simd.js';
import { defaultLimits } from '../../src/run/limits.js';
import { recipes } from '../../src/run/recipes.js';
import { readRun } from '../../src/run/run-schema.js';
import { viewNames } from '../../src/run/views.js';
import { drawingOf } from '../../src/sample/draw-sample.js';

interface ViewVector {
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

const folder = join(scripts, '../test/vectors');
const vectors: readonly ViewVector[] = JSON.parse(readFileSync(join(folder, 'views.json'), 'utf8'));

describe('samples of several views are stock torchvision’s', () => {
  const kernels = SimdKernels.create();
  for (const { name, image, recipe, settings, seed, views, expected } of vectors)
    it(name, async () => {
      const { data: run } = readRun(
        'r',
        { recipe, sources: ['a'], global_batch: 1, ...settings },
        ['a'],
        defaultLimits,
        [],
      );
      const { samples, draw } = await viewPixels(
        kernels,
        readFileSync(join(folder, image)),
        seed,
        drawingOf(run!, run!.views),
      );
      assert.deepEqual(
        viewNames(run!.views),
        views.map((view) => view.name),
      );
      const strip = expected === undefined ? null : sharp(readFileSync(join(folder, expected))).removeAlpha();
      let left = 0;
      for (const [i, view] of views.entries()) {
        const { pixels, apartFrom } = samples[i]!;
        assert.equal(
          draw.views[i]!.steps.some(({ op }) => op === 'gaussianBlur'),
          view.blurred,
          view.name,
        );
        if (!view.blurred) {
          assert.equal(createHash('sha256').update(pixels).digest('hex'), view.sha256, view.name);
          continue;
        }
        const box = { left, top: 0, width: view.size, height: view.size };
        left += view.size;
        const apart = apartFrom(await strip!.clone().extract(box).raw().toBuffer());
        assert.equal(apart.outside, 0, `${view.name} ${JSON.stringify(apart)}`);
      }
    });

  it('every recipe of several views has its own', () => {
    const names = recipes.filter(({ views }) => views !== undefined).map(({ name }) => name);
    assert.deepEqual([...new Set(vectors.map(({ recipe }) => recipe))], names);
  });
});
