import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import sharp from 'sharp';
import { readVectors, samplePixels } from '../../scripts/sample-pixels.js';
import { scripts } from '../../scripts/torchvision-process.js';
import { operationNames } from '../../src/augment/operations/index.js';
import { SimdKernels } from '../../src/augment/simd.js';
import { recipes } from '../../src/run/recipes.js';
import type { OperationName } from '../../src/sample/draw.js';

const folder = join(scripts, '../test/vectors');
const vectors = readVectors(folder);
let kernels: SimdKernels;
before(async () => {
  kernels = await SimdKernels.create();
});

describe('the vectors of stock torchvision', () => {
  for (const vector of vectors) {
    it(vector.name, async () => {
      const file = readFileSync(join(folder, vector.image));
      const { pixels, draw, apartFrom } = await samplePixels(kernels, file, vector);
      const { erase } = draw;
      assert.deepEqual(erase && [erase.top, erase.left, erase.height, erase.width], vector.erase);
      assert.equal(
        draw.steps.some(({ op }) => op === 'gaussianBlur'),
        vector.blurred,
      );
      if (vector.expected === undefined) {
        assert.equal(createHash('sha256').update(pixels).digest('hex'), vector.sha256);
        return;
      }
      const expected = await sharp(readFileSync(join(folder, vector.expected)))
        .removeAlpha()
        .raw()
        .toBuffer();
      const apart = apartFrom(expected);
      assert.equal(apart.outside, 0, JSON.stringify(apart));
    });
  }

  it('cover every recipe and every operation, and the recipes have the knobs of this project', async () => {
    const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'));
    for (const name of Object.keys(index.recipes))
      assert.ok(
        vectors.some(({ recipe }) => recipe === name),
        name,
      );
    const seen = new Set<OperationName>();
    const filters = new Set<string>();
    for (const vector of vectors) {
      const { draw } = await samplePixels(kernels, readFileSync(join(folder, vector.image)), vector);
      for (const { op } of draw.steps) seen.add(op);
      filters.add(`${vector.split} ${draw.geometry.interpolation}`);
    }
    // What several views alone draw is in vectors of their own.
    assert.deepEqual([...seen].sort(), operationNames.filter((name) => name !== 'resize').toSorted());
    for (const filter of ['train NEAREST', 'train BILINEAR', 'train BICUBIC', 'val BILINEAR', 'val BICUBIC']) {
      assert.ok(filters.has(filter), filter);
    }
    for (const [name, values] of Object.entries(index.recipes)) {
      const { blur_sigma, transforms, ...knobs } = recipes.find((recipe) => recipe.name === name)!.knobs;
      assert.deepEqual(values, knobs, name);
      assert.deepEqual([blur_sigma, transforms], [[0.1, 2], 'ultralytics']);
    }
  });
});
