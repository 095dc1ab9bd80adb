import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { openBackend } from '../augment/open-backend.js';
import { SimdKernels } from '../augment/simd.js';
import { splitSteps } from '../augment/split-steps.js';
import { decodeCrop } from '../decode/decode-crop.js';
import { encodePng } from '../decode/encode-png.js';
import { probe } from '../decode/probe.js';
import { TributaryError } from '../errors.js';
import { parseConfig, parseRun } from '../run/config.js';
import { defaultLimits } from '../run/limits.js';
import { drawEvaluation } from '../sample/draw-evaluation.js';
import { drawTrain } from '../sample/draw-train.js';
import { backendOption, jsonOf, positiveInteger, readInput, wholeNumber } from './options.js';
import { writeOutput } from './output.js';

/** `augment`: one image, as a batch would hold it. */
export function augmentCommand() {
  return new Command('augment')
    .description('augment one image as a batch would hold it, and print the drawn parameters as JSON')
    .argument('<image>', 'an image file')
    .requiredOption('--recipe <name>', 'the recipe')
    .requiredOption('--seed <n>', "the sample's seed, 0 to 4294967295", sampleSeed)
    .option('--size <pixels>', 'side of the result', positiveInteger, 224)
    .option('--set <knob=value...>', 'knobs on top of the recipe')
    .option('--val', 'the validation transform: nothing is drawn')
    .addOption(backendOption())
    .requiredOption('--out <file.png>', 'where to write the result')
    .action(async (image, { recipe, seed, size, set, val, backend: choice, out }) => {
      const config = parseConfig('sources: {image: .}', { folder: process.cwd(), name: 'the command line' });
      const { knobs, resize_size } = parseRun(
        'augment',
        { recipe, sources: ['image'], image_size: size, global_batch: 1, epochs: 1, ...settings(set ?? []) },
        config,
      );
      const file = await readInput(image, 'the image', 'Name an image file that this process may read');
      const stored = await probe(file, defaultLimits);
      const draw =
        val === true
          ? drawEvaluation(stored, resize_size, size, knobs.interpolation)
          : drawTrain(seed, stored, size, knobs);
      const crop = await decodeCrop(file, draw.geometry.crop, defaultLimits, stored);
      const pixels = new Uint8Array(size * size * 3);
      const backend = await openBackend(choice);
      const { steps } = draw;
      const suffix = splitSteps(steps);
      SimdKernels.create().runPrefix(crop, draw, suffix, size, pixels);
      try {
        await backend.apply(pixels, size, [{ slot: 0, steps: steps.slice(suffix) }]);
      } finally {
        await backend.close();
      }
      writeOutput(out, await encodePng({ data: pixels, width: size, height: size }));
      process.stdout.write(`${JSON.stringify({ image, recipe, seed, size, backend: backend.description, ...draw })}\n`);
    });
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
