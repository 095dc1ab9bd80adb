import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { viewPixels } from '../../scripts/sample-pixels.js';
import { SimdKernels } from '../../src/augment/simd.js';
import { recipes } from '../../src/run/recipes.js';
import { viewNames } from '../../src/run/views.js';
import { inputOf, vectorsFolder, viewVectors } from './view-vectors.js';

/** Debian's chromium-common ships a software Vulkan device; where it is installed it must agree. */
const swiftshader = '/usr/lib/chromium';
const hasSoftwareDevice = existsSync(`${swiftshader}/libvk_swiftshader.so`);
const softwareDevice = { VK_ICD_FILENAMES: `${swiftshader}/vk_swiftshader_icd.json`, LD_LIBRARY_PATH: swiftshader };
const child = fileURLToPath(new URL('./views-child.js', import.meta.url));

describe('samples of several views are stock torchvision’s', () => {
  const kernels = SimdKernels.create();
  const digests: string[][] = [];
  for (const vector of viewVectors) {
    const { name, seed, views, expected } = vector;
    it(name, async () => {
      const { drawing, file } = inputOf(vector);
      const { samples, draw } = await viewPixels(kernels, file, seed, drawing);
      digests.push(samples.map(({ pixels }) => createHash('sha256').update(pixels).digest('hex')));
      assert.deepEqual(
        viewNames(drawing.views),
        views.map((view) => view.name),
      );
      const strip = expected === undefined ? null : sharp(readFileSync(join(vectorsFolder, expected))).removeAlpha();
      let left = 0;
      for (const [i, view] of views.entries()) {
        const { apartFrom } = samples[i]!;
        assert.equal(
          draw.views[i]!.steps.some(({ op }) => op === 'gaussianBlur'),
          view.blurred,
          view.name,
        );
        if (!view.blurred) {
          assert.equal(digests.at(-1)![i], view.sha256, view.name);
          continue;
        }
        const box = { left, top: 0, width: view.size, height: view.size };
        left += view.size;
        const apart = apartFrom(await strip!.clone().extract(box).raw().toBuffer());
        assert.equal(apart.outside, 0, `${view.name} ${JSON.stringify(apart)}`);
      }
    });
  }

  for (const backend of ['webasm', 'cpu', 'webgpu'])
    it(`${backend} makes the same of them`, { skip: backend === 'webgpu' && !hasSoftwareDevice }, () => {
      const env = { ...process.env, ...(backend === 'webgpu' ? softwareDevice : {}) };
      const { status, stdout, stderr } = spawnSync(process.execPath, [child, backend], { env, encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      const told = JSON.parse(stdout);
      assert.match(told.description, new RegExp(backend));
      assert.ok(told.steps > 200, `${told.steps} steps on the device`);
      assert.deepEqual(told.digests, digests);
    });

  it('every recipe of several views has its own', () => {
    const names = recipes.filter(({ views }) => views !== undefined).map(({ name }) => name);
    assert.deepEqual([...new Set(viewVectors.map(({ recipe }) => recipe))], names);
  });
});
