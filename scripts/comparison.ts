import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { SimdKernels } from '../src/augment/simd.js';
import { viewNames } from '../src/run/views.js';
import { randomKnobs, randomness, randomViews } from './random-knobs.js';
import { type Apart, samplePixels, viewPixels } from './sample-pixels.js';
import { startTorchvision } from './torchvision-process.js';

/** How a comparison went. */
export interface Comparison {
  /** Images, one or several a sample, in which nothing was blurred, and how many of them differ. */
  exact: number;
  exactApart: number;
  /** Images with a blur, how many have a value apart, and how many values that is of how many. */
  blurred: number;
  blurredApart: number;
  valuesApart: number;
  values: number;
  /** The largest share of values apart in one blurred sample of 96 x 96 or more. */
  worstShare: number;
  /** One line for each sample that breaks the promise. */
  outside: string[];
}

/** The JPEG, PNG and WebP files below a folder, sorted. */
export function imagesUnder(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => /\.(jpe?g|png|webp)$/i.test(name)).sort();
  return files.map((name) => join(folder, name));
}

/**
 * Draws random (image, split, seed, knobs, size) and computes each here and in stock torchvision. One image in two is
 * of `images`, the others are made on the spot: any size, any format, noise over a ramp.
 */
export async function compareSamples(asked: {
  readonly samples: number;
  readonly seed: number;
  readonly images: readonly string[];
  /** Whether each sample has several views, of a random recipe of those. */
  readonly views?: boolean;
}): Promise<Comparison> {
  const kernels = await SimdKernels.create();
  const torchvision = startTorchvision();
  const result = {
    exact: 0,
    exactApart: 0,
    blurred: 0,
    blurredApart: 0,
    valuesApart: 0,
    values: 0,
    worstShare: 0,
    outside: [],
  };
  try {
    for (let i = 0; i < asked.samples; i++) {
      await (asked.views ? compareViews : compareOne)(result, asked.seed * 1_000_003 + i);
    }
  } finally {
    await torchvision.close();
  }
  return result;

  async function compareViews(into: Comparison, number: number): Promise<void> {
    const random = randomness(number);
    const name = random.below(2) === 0 ? random.pick(asked.images) : 'made';
    const file = name === 'made' ? await makeImage(random) : readFileSync(name);
    const seed = random.below(2 ** 32);
    const drawing = randomViews(random);
    const { views, share_color_jitter } = drawing;
    const theirs = torchvision.ask({ kind: 'views', seed, groups: views, share_color_jitter }, file);
    const { samples, draw } = await viewPixels(kernels, file, seed, drawing);
    const { json, data } = await theirs;
    const told = json.views as { name: string; blurred: boolean }[];
    const names = viewNames(views);
    let end = 0;
    for (const [view, { pixels, apartFrom }] of samples.entries()) {
      const start = end;
      end += pixels.length;
      const apart = apartFrom(data.subarray(start, end));
      const blurred = draw.views[view]!.steps.some(({ op }) => op === 'gaussianBlur');
      const isSame = told[view]?.name === names[view] && told[view]?.blurred === blurred;
      if (count(into, apart, pixels.length, blurred) && isSame) continue;
      into.outside.push(JSON.stringify({ number, name, view: names[view], apart, theirs: told[view], drawing, draw }));
    }
    if (end !== data.length) into.outside.push(JSON.stringify({ number, name, bytes: data.length, ours: end, json }));
  }

  async function compareOne(into: Comparison, number: number): Promise<void> {
    const random = randomness(number);
    const name = random.below(2) === 0 ? random.pick(asked.images) : 'made';
    const file = name === 'made' ? await makeImage(random) : readFileSync(name);
    const split = random.below(12) === 0 ? 'val' : 'train';
    const size = random.pick([96, 128, 224, 256, 336, 17 + random.below(300)]);
    const seed = random.below(2 ** 32);
    const knobs = randomKnobs(random);
    const resizeSize = size + random.pick([0, 32, random.below(100)]);
    const request =
      split === 'train'
        ? ({ kind: 'sample', seed, size, knobs } as const)
        : ({
            kind: 'evaluation',
            size,
            knobs: { interpolation: knobs.interpolation, resize_size: resizeSize },
          } as const);
    const theirs = torchvision.ask(request, file);
    const { pixels, draw, apartFrom } = await samplePixels(kernels, file, { split, seed, size, resizeSize, knobs });
    const { json, data } = await theirs;
    const erase = draw.erase && [draw.erase.top, draw.erase.left, draw.erase.height, draw.erase.width];
    const apart = apartFrom(data);
    const blurred = draw.steps.some(({ op }) => op === 'gaussianBlur');
    const sameErase = JSON.stringify(erase) === JSON.stringify(json.erase);
    if (count(into, apart, pixels.length, blurred) && sameErase && json.blurred === blurred) return;
    into.outside.push(JSON.stringify({ number, name, split, size, resizeSize, apart, theirs: json, draw }));
  }
}

/** Counts one image; whether it is within the promise. */
function count(into: Comparison, apart: Apart, values: number, blurred: boolean): boolean {
  if (blurred) {
    into.blurred++;
    into.blurredApart += apart.count > 0 ? 1 : 0;
    into.valuesApart += apart.count;
    into.values += values;
    if (values >= 96 * 96 * 3) into.worstShare = Math.max(into.worstShare, apart.count / values);
  } else {
    into.exact++;
    into.exactApart += apart.count > 0 ? 1 : 0;
  }
  return apart.outside === 0;
}

async function makeImage(random: ReturnType<typeof randomness>): Promise<Buffer> {
  const side = () => random.pick([1 + random.below(20), 30 + random.below(200), 200 + random.below(500)]);
  const width = side();
  const height = side();
  const channels = random.pick([3, 4] as const);
  const noise = random.pick([0, 8, 255]);
  const pixels = Buffer.alloc(width * height * channels);
  let state = random.below(2 ** 32);
  for (let i = 0; i < pixels.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const at = Math.floor(i / channels);
    const ramp = ((at % width) * 3 + Math.floor(at / width) * 2 + (i % channels) * 70) >> 1;
    pixels[i] = ((ramp & 255) * (255 - noise) + (state >>> 24) * noise) / 255;
  }
  const image = sharp(pixels, { raw: { width, height, channels } });
  const chromaSubsampling = random.pick(['4:2:0', '4:4:4']);
  const formats = [
    () => image.jpeg({ quality: 60 + random.below(40), progressive: random.below(2) === 0, chromaSubsampling }),
    () => image.greyscale().jpeg(),
    () => image.png({ compressionLevel: 1, palette: random.below(3) === 0 }),
    () => image.webp({ quality: 70, lossless: random.below(2) === 0, effort: 0 }),
  ];
  return random.pick(formats)().toBuffer();
}
