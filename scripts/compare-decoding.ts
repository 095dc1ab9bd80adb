/**
 * Compares how long two builds of this project take to decode the photographs of a folder, whole and half of each side: as they are, and
 * as PNG, WebP and progressive JPEG made of them. Both run in turns in one process; printed is the ratio, the other build's time being 1.
 *
 *     node dist/scripts/compare-decoding.js OTHER_DIST FOLDER [--files 40] [--rounds 9] [--seconds 150] [--only png,webp]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import sharp, { type Sharp } from 'sharp';
import { decodeCrop } from '../src/decode/decode-crop.js';
import { probe } from '../src/decode/probe.js';
import { defaultLimits } from '../src/run/limits.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    files: { type: 'string', default: '40' },
    rounds: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '150' },
    only: { type: 'string', default: 'jpeg,progressive jpeg,png,webp' },
  },
});
const [other, folder] = positionals;
if (other === undefined || folder === undefined) throw new Error('expected another build and a folder of photographs');

type Build = { probe: typeof probe; decodeCrop: typeof decodeCrop };
const at = (name: string) => import(pathToFileURL(resolve(other, 'src/decode', name)).href);
const theirs: Build = { ...(await at('probe.js')), ...(await at('decode-crop.js')) };
const ours: Build = { probe, decodeCrop };
const mostPixels = 1_000_000;
const deadline = performance.now() + Number(flags.seconds) * 1000;

async function milliseconds(build: Build, bytes: Buffer, isWhole: boolean): Promise<number> {
  const start = performance.now();
  const header = await build.probe(bytes, defaultLimits);
  const { width, height } = header;
  const half = { top: height >> 2, left: width >> 2, width: width >> 1, height: height >> 1 };
  const box = isWhole ? { top: 0, left: 0, width, height } : half;
  const crop = await build.decodeCrop(bytes, box, defaultLimits, header);
  const took = performance.now() - start;
  crop.give?.();
  return took;
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

async function ratioOf(bytes: Buffer, isWhole: boolean): Promise<number> {
  const took = new Map<Build, number[]>([
    [theirs, []],
    [ours, []],
  ]);
  for (let round = -3; round < Number(flags.rounds); round++)
    for (const build of round % 2 === 0 ? [theirs, ours] : [ours, theirs]) {
      const time = await milliseconds(build, bytes, isWhole);
      if (round >= 0) took.get(build)!.push(time);
    }
  return median(took.get(ours)!) / median(took.get(theirs)!);
}

/** Photographs from all over the folder, none of them large. */
async function photographs(): Promise<Buffer[]> {
  const names = readdirSync(folder!, { recursive: true, encoding: 'utf8' }).filter((name) => /\.jpe?g$/i.test(name));
  const step = Math.max(1, Math.floor(names.length / Number(flags.files)));
  const chosen = names.filter((_, i) => i % step === 0).map((name) => readFileSync(join(folder!, name)));
  const found: Buffer[] = [];
  for (const bytes of chosen) {
    const { width, height, isProgressive } = await sharp(bytes).metadata();
    if (width * height <= mostPixels && !isProgressive && found.length < Number(flags.files)) found.push(bytes);
  }
  return found;
}

const files = await photographs();
const made = (make: (image: Sharp) => Sharp) =>
  Promise.all(files.slice(0, files.length / 2).map((bytes) => make(sharp(bytes)).toBuffer()));
const sets = {
  jpeg: files,
  'progressive jpeg': await made((image) => image.jpeg({ progressive: true })),
  png: await made((image) => image.png()),
  webp: await made((image) => image.webp()),
};
for (const [name, set] of Object.entries(sets).filter(([each]) => flags.only.split(',').includes(each)))
  for (const isWhole of [true, false]) {
    const ratios: number[] = [];
    for (const bytes of set) if (performance.now() < deadline) ratios.push(await ratioOf(bytes, isWhole));
    const sorted = ratios.sort((a, b) => a - b);
    const [low, high] = [sorted[sorted.length >> 2] ?? Number.NaN, sorted[(3 * sorted.length) >> 2] ?? Number.NaN];
    const shown = [median(sorted), low, high].map((each) => (each ?? Number.NaN).toFixed(2));
    console.log(
      `${name}, ${isWhole ? 'whole' : 'half'}: ${shown[0]} (quarters ${shown[1]} to ${shown[2]}) of ${ratios.length} files`,
    );
  }
