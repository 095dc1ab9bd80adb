import { join } from 'node:path';
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import type { Backend } from '../augment/backend.js';
import { openBackend } from '../augment/open-backend.js';
import { SimdKernels } from '../augment/simd.js';
import { splitSteps } from '../augment/split-steps.js';
import type { Crop } from '../decode/crop.js';
import { decodeCrop } from '../decode/decode-crop.js';
import { cutView, decodeUnion } from '../decode/decode-union.js';
import { encodePng } from '../decode/encode-png.js';
import { probe } from '../decode/probe.js';
import { TributaryError } from '../errors.js';
import { parseConfig, parseRun } from '../run/config.js';
import { defaultLimits } from '../run/limits.js';
import { isOneView, viewNames, viewsOf } from '../run/views.js';
import type { Draw } from '../sample/draw.js';
import { drawSample } from '../sample/draw-sample.js';
import { backendOption, jsonOf, positiveInteger, readInput, wholeNumber } from './options.js';
import { makeOutputFolder, writeOutput } from './output.js';

/** `augment`: one image, as a batch would hold it. */
export function augmentCommand() {
  return new Command('augment')
    .description('augment one image as a batch would hold it, and print the drawn parameters as JSON')
    .argument('<image>', 'an image file')
    .requiredOption('--recipe <name>', 'the recipe')
    .requiredOption('--seed <n>', "the sample's seed, 0 to 4294967295", sampleSeed)
    .option('--size <pixels>', "side of the result of one view; the recipe's where absent", positiveInteger)
    .option('--set <knob=value...>', 'knobs on top of the recipe')
    .option('--val', 'the validation transform: nothing is drawn')
    .addOption(backendOption())
    .requiredOption(
      '--out <file.png|folder>',
      'where to write the result: of several views a folder, with a PNG for each',
    )
    .action(async (image, { recipe, seed, size: image_size, set, val, backend: choice, out }) => {
      const config = parseConfig('sources: {image: .}', { folder: process.cwd(), name: 'the command line' });
      const own = { recipe, sources: ['image'], ...(image_size && { image_size }), global_batch: 1, epochs: 1 };
      const run = { ...parseRun('augment', { ...own, ...settings(set ?? []) }, config), evaluate: val === true };
      const views = viewsOf(run);
      const file = await readInput(image, 'the image', 'Name an image file that this process may read');
      const stored = await probe(file, defaultLimits);
      const drawn = drawSample(seed, stored, { ...run, views });
      const whole = await decodeUnion(drawn, stored, (box) => decodeCrop(file, box, defaultLimits, stored));
      const kernels = SimdKernels.create();
      kernels.applyToWhole(whole.crop, drawn.shared);
      const backend = await openBackend(choice);
      const names = viewNames(views);
      const sizes = views.flatMap(({ size, knobs }) => knobs.map(() => size));
      const isOne = isOneView(views);
      if (!isOne) await makeOutputFolder(out);
      try {
        for (const [view, draw] of drawn.views.entries()) {
          const size = sizes[view]!;
          const data = await made(kernels, backend, cutView(whole, draw.geometry.crop), draw, size);
          const path = isOne ? out : join(out, `${names[view]}.png`);
          writeOutput(path, await encodePng({ data, width: size, height: size }));
        }
      } finally {
        await backend.close();
      }
      const { shared } = drawn;
      const named = drawn.views.map((draw, view) => ({ name: names[view], size: sizes[view], ...draw }));
      const told = isOne
        ? { size: sizes[0], backend: backend.description, ...drawn.views[0]! }
        : { backend: backend.description, shared, views: named };
      process.stdout.write(`${JSON.stringify({ image, recipe, seed, ...told })}\n`);
    });
}

/** One view's pixels, its last steps by the backend. */
async function made(kernels: SimdKernels, backend: Backend, crop: Crop, draw: Draw, size: number): Promise<Uint8Array> {
  const { steps } = draw;
  const suffix = splitSteps(steps);
  const pixels = new Uint8Array(size * size * 3);
  kernels.runPrefix(crop, draw, suffix, pixels);
  await backend.apply(pixels, size, [{ slot: 0, steps: steps.slice(suffix) }]);
  return pixels;
}

function sampleSeed(text: string): number {
  const seed = wholeNumber(text);
  if (seed > 0xffffffff) throw new InvalidArgumentError('Expected a seed of 32 bits, 0 to 4294967295.');
  return seed;
}

function settings(set: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    set.map((text) => {
      const at = text.indexOf('=');
      if (at < 1)
        throw new TributaryError('ARGUMENT_INVALID', {
          expected: '--set knob=value',
          came: text,
          remedy: 'Write the knob, an equals sign and its value, as in --set solarize=1',
        });
      const value = text.slice(at + 1);
      return [text.slice(0, at), jsonOf(value, value)];
    }),
  );
}
