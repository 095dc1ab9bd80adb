/**
 * Compares random samples, or a folder of vectors, with stock torchvision, and says how many differ.
 *
 *     node dist/scripts/compare-torchvision.js --samples 5000 --seed 1 [--images FOLDER ...]
 *     node dist/scripts/compare-torchvision.js --views --samples 2000      samples of several views
 *     node dist/scripts/compare-torchvision.js --vectors FOLDER
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { SimdKernels } from '../src/augment/simd.js';
import { compareSamples, imagesUnder } from './comparison.js';
import { readVectors, samplePixels } from './sample-pixels.js';
import { scripts } from './torchvision-process.js';

const { values: flags } = parseArgs({
  options: {
    samples: { type: 'string', default: '500' },
    seed: { type: 'string', default: '0' },
    images: { type: 'string', multiple: true, default: [join(scripts, '../test/vectors/images')] },
    views: { type: 'boolean', default: false },
    vectors: { type: 'string' },
  },
});

if (flags.vectors === undefined) await compare(Number(flags.samples), Number(flags.seed), flags.images);
else await check(flags.vectors);

async function compare(samples: number, seed: number, folders: readonly string[]): Promise<void> {
  const started = performance.now();
  const result = await compareSamples({ samples, seed, images: folders.flatMap(imagesUnder), views: flags.views });
  for (const line of result.outside) console.log(line);
  const { exact, blurred, blurredApart, valuesApart, values } = result;
  console.log(`${exact} images without a blur: ${exact - result.exactApart} equal to the byte`);
  console.log(
    `${blurred} images with a blur: ${blurred - blurredApart} equal, ${blurredApart} with a value one level apart`,
  );
  console.log(
    `values apart after a blur: ${valuesApart} of ${values} (${((100 * valuesApart) / values).toFixed(5)} %)`,
  );
  console.log(`most in one image of 96 x 96 or more: ${(100 * result.worstShare).toFixed(4)} %`);
  console.log(
    `${result.outside.length} samples outside the promise, in ${((performance.now() - started) / 1000).toFixed(0)} s`,
  );
  process.exitCode = result.outside.length === 0 ? 0 : 1;
}

async function check(folder: string): Promise<void> {
  const kernels = await SimdKernels.create();
  const vectors = readVectors(folder);
  let failed = 0;
  for (const vector of vectors) {
    const { pixels, draw, apartFrom } = await samplePixels(kernels, readFileSync(join(folder, vector.image)), vector);
    const erase = draw.erase && [draw.erase.top, draw.erase.left, draw.erase.height, draw.erase.width];
    let passed = createHash('sha256').update(pixels).digest('hex') === vector.sha256;
    if (!passed && vector.blurred && vector.expected !== undefined) {
      const theirs = await sharp(readFileSync(join(folder, vector.expected)))
        .removeAlpha()
        .raw()
        .toBuffer();
      passed = apartFrom(theirs).outside === 0;
    }
    if (passed && JSON.stringify(erase) === JSON.stringify(vector.erase)) continue;
    failed++;
    console.log(`differs: ${vector.name}`);
  }
  console.log(
    `${vectors.length - failed} passed, ${failed} failed (${readdirSync(join(folder, 'images')).length} images)`,
  );
  process.exitCode = failed === 0 ? 0 : 1;
}
