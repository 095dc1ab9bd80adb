/**
 * Measures what positions are worth to the decoder: of the JPEGs of a folder, or of drawn ones of 500 x 375, what they take beside the files,
 * how long they take to be found, and CPU time a crop with and without them, in turns in one process.
 *
 *     node dist/scripts/bench-positions.js [FOLDER] [--files 92] [--rounds 7] [--boxes 6]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { decodeBaselineJpeg, findPositions } from '../src/decode/baseline-jpeg.js';
import type { Crop } from '../src/decode/crop.js';
import { readTables } from '../src/decode/jpeg-tables.js';
import { defaultLimits } from '../src/run/limits.js';
import { mersenneTwister } from '../src/sample/mersenne-twister.js';
import { drawRandomResizedCrop } from '../src/sample/random-resized-crop.js';
import { drawPictures } from './bench/pictures.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    files: { type: 'string', default: '92' },
    rounds: { type: 'string', default: '7' },
    boxes: { type: 'string', default: '6' },
  },
});
const most = Number(flags.files);

async function jpegs(): Promise<Buffer[]> {
  const [folder] = positionals;
  if (folder === undefined) {
    const draw = await drawPictures({ width: 500, height: 375 });
    return Promise.all(Array.from({ length: most }, (_, i) => draw(i)));
  }
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.jpe?g$/i.test(name));
  const step = Math.max(1, Math.floor(names.length / most));
  return names.filter((_, i) => i % step === 0).map((name) => readFileSync(join(folder, name)));
}

const files = (await jpegs()).flatMap((bytes) => {
  const tables = readTables(bytes);
  const positions = tables && findPositions(bytes, tables);
  return tables === null || positions === null ? [] : [{ bytes, tables, positions }];
});
if (files.length === 0) throw new Error('expected JPEG files that the decoder takes, and that are sound');

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** Microseconds of CPU that this process takes for something. */
function microseconds(act: () => void): number {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

const rounds = Array.from({ length: Number(flags.rounds) }, (_, round) => round);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const bytes = sum(files.map((file) => file.bytes.length));
const kept = sum(files.map((file) => file.positions.length));
const found = rounds.map(() =>
  microseconds(() => {
    for (const file of files) findPositions(file.bytes, file.tables);
  }),
);
console.log(`${files.length} files of ${(bytes / files.length / 1000).toFixed(1)} kB on average`);
console.log(
  `positions: ${((100 * kept) / bytes).toFixed(2)} % of that, found in ${(median(found) / files.length).toFixed(0)} us of CPU a file`,
);

for (const scale of [
  [0.32, 1],
  [0.08, 1],
  [0.05, 0.32],
] as const) {
  const generator = mersenneTwister(1);
  const crops = files.flatMap((file) =>
    Array.from({ length: Number(flags.boxes) }, () => {
      const box = drawRandomResizedCrop(generator, file.tables, scale, [3 / 4, 4 / 3]);
      return (isPositioned: boolean): Crop =>
        decodeBaselineJpeg(file.bytes, file.tables, box, defaultLimits, isPositioned ? file.positions : null)!;
    }),
  );
  for (const crop of crops) {
    const [without, positioned] = [crop(false), crop(true)];
    if (Buffer.compare(without.data, positioned.data) !== 0) throw new Error('a crop of other bytes with positions');
    without.give?.();
    positioned.give?.();
  }
  const all = (isPositioned: boolean) =>
    microseconds(() => {
      for (const crop of crops) crop(isPositioned).give?.();
    }) / crops.length;
  const took = rounds.map((round) => {
    if (round % 2 === 0) return { without: all(false), positioned: all(true) };
    const positioned = all(true);
    return { without: all(false), positioned };
  });
  const ratios = took.map(({ without, positioned }) => positioned / without).sort((a, b) => a - b);
  const shown = [median(took.map(({ without }) => without)), median(took.map(({ positioned }) => positioned))];
  console.log(
    `scale ${scale[0]} to ${scale[1]}: ${shown[0]!.toFixed(0)} us a crop without, ${shown[1]!.toFixed(0)} with, ` +
      `${median(ratios).toFixed(2)} (${ratios[0]!.toFixed(2)} to ${ratios.at(-1)!.toFixed(2)})`,
  );
}
