/**
 * Says by kind of file where this project's verdicts and pixels are Pillow's, for the whole image and random boxes of it.
 *
 *     node dist/scripts/compare-pillow.js FOLDER ... [--boxes 3] [--seed 0] [--list] [--save FOLDER]
 *     node dist/scripts/compare-pillow.js FOLDER ... --mutants 20000 [--formats jpeg,png]
 *
 * With --mutants damaged variants of the folders' files of these formats and up to 64 kB are compared instead, by kind of damage.
 * --list prints every file that differs, --save keeps it. Ctrl-C ends it with the table of what it has come to. Ends with 1 where a
 * verdict depends on the box.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { decodeCrop } from '../src/decode/decode-crop.js';
import { probe } from '../src/decode/probe.js';
import { TributaryError } from '../src/errors.js';
import { defaultLimits } from '../src/run/limits.js';
import type { Box } from '../src/sample/draw.js';
import { mutantOf } from './mutants.js';
import { type PillowAnswer, startPillow } from './pillow-process.js';
import { randomness } from './random-knobs.js';

const { values: flags, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    boxes: { type: 'string', default: '3' },
    seed: { type: 'string', default: '0' },
    mutants: { type: 'string' },
    formats: { type: 'string', default: 'jpeg,png' },
    list: { type: 'boolean', default: false },
    save: { type: 'string' },
  },
});

const random = randomness(Number(flags.seed));
/** Files of a mutant's parents have at most so many bytes: so that many thousands take minutes. */
const parentBytes = 64 * 1024;
/** Pillow's own limit of pixels, beyond which it refuses a file; the clock decides nothing here. */
const limits = { ...defaultLimits, pixels: 178_956_970, seconds: 3600 };

const columns = ['both', 'neither', 'pillow only', 'here only', 'pixels differ', 'by box'] as const;
type Column = (typeof columns)[number];

/** Formats by what stands at a place of the file. */
const magics: readonly (readonly [format: string, at: number, ...starts: string[]])[] = [
  ['jpeg', 0, '\xff\xd8\xff'],
  ['png', 0, '\x89PNG\r\n\x1a\n'],
  ['webp', 8, 'WEBP'],
  ['gif', 0, 'GIF87a', 'GIF89a'],
  ['bmp', 0, 'BM'],
  ['tiff', 0, 'II*\0', 'MM\0*', 'II+\0', 'MM\0+'],
  ['ppm', 0, ...[1, 2, 3, 4, 5, 6].map((kind) => `P${kind}`)],
  ['jpeg 2000', 0, '\0\0\0\x0cjP  ', '\xff\x4f\xff\x51'],
  ['avif, heic', 4, 'ftypavif', 'ftypavis', 'ftyphei', 'ftypmif', 'ftypmsf'],
];

function formatOf(bytes: Buffer): string {
  const start = bytes.toString('latin1', 0, 16);
  return magics.find(([, at, ...starts]) => starts.some((each) => start.startsWith(each, at)))?.[0] ?? 'other';
}

type Outcome =
  | { readonly width: number; readonly height: number; readonly pixels: Buffer }
  | { readonly error: string };

async function ours(bytes: Buffer, of?: Box): Promise<Outcome> {
  try {
    const header = await probe(bytes, limits);
    const box = of ?? { top: 0, left: 0, width: header.width, height: header.height };
    const { data } = await decodeCrop(bytes, box, limits, header);
    return { width: box.width, height: box.height, pixels: Buffer.from(data) };
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error;
    return { error: `${error.metadata.cause ?? error.reason}: ${error.message}` };
  }
}

function cropOf({ pixels, width: stride }: Exclude<PillowAnswer, { error: string }>, box: Box): Buffer {
  const rows = Array.from({ length: box.height }, (_, row) => {
    const start = ((box.top + row) * stride + box.left) * 3;
    return pixels.subarray(start, start + box.width * 3);
  });
  return Buffer.concat(rows);
}

/** Boxes of an image: a strip at its top, then random ones. */
function boxesOf(width: number, height: number): Box[] {
  return Array.from({ length: Number(flags.boxes) }, (_, i) => {
    const boxWidth = 1 + random.below(width);
    const boxHeight = i === 0 ? Math.ceil(height / 8) : 1 + random.below(height);
    const left = random.below(width - boxWidth + 1);
    return { left, top: i === 0 ? 0 : random.below(height - boxHeight + 1), width: boxWidth, height: boxHeight };
  });
}

async function compare(bytes: Buffer, theirs: PillowAnswer): Promise<{ column: Column; why: string }> {
  const whole = await ours(bytes);
  const size = await probe(bytes, limits).catch(() => null);
  for (const box of size === null ? [] : boxesOf(size.width, size.height)) {
    const part = await ours(bytes, box);
    const name = `${box.width} x ${box.height} at ${box.left}, ${box.top}`;
    if ('error' in part !== 'error' in whole)
      return { column: 'by box', why: `${name}: ${JSON.stringify([part, whole]).slice(0, 300)}` };
    if ('error' in part || 'error' in whole) continue;
    if (!part.pixels.equals(cropOf(whole, box))) return { column: 'by box', why: `${name}: other pixels` };
  }
  if ('error' in whole)
    return 'error' in theirs ? { column: 'neither', why: theirs.error } : { column: 'pillow only', why: whole.error };
  if ('error' in theirs) return { column: 'here only', why: theirs.error };
  if (whole.width !== theirs.width || whole.height !== theirs.height)
    return { column: 'pixels differ', why: 'another size' };
  if (whole.pixels.equals(theirs.pixels)) return { column: 'both', why: '' };
  let most = 0;
  let count = 0;
  for (const [i, value] of whole.pixels.entries()) {
    const apart = Math.abs(value - theirs.pixels[i]!);
    if (apart > 0) count++;
    if (apart > most) most = apart;
  }
  return { column: 'pixels differ', why: `${count} of ${whole.pixels.length} values, by ${most} levels at most` };
}

function* filesUnder(paths: readonly string[]): Generator<string> {
  for (const path of paths) {
    if (statSync(path).isFile()) yield path;
    else
      yield* filesUnder(
        readdirSync(path)
          .sort()
          .map((name) => join(path, name)),
      );
  }
}

function* wholeFiles(): Generator<{ name: string; kind: string; bytes: Buffer }> {
  for (const name of filesUnder(folders)) {
    const bytes = readFileSync(name);
    yield { name, kind: formatOf(bytes), bytes };
  }
}

function* mutants(count: number): Generator<{ name: string; kind: string; bytes: Buffer }> {
  const wanted = flags.formats.split(',');
  const parents = [...filesUnder(folders)]
    .filter((name) => statSync(name).size <= parentBytes)
    .map((name) => ({ name, bytes: readFileSync(name) }))
    .map((parent) => ({ ...parent, format: formatOf(parent.bytes) }))
    .filter(({ format }) => wanted.includes(format));
  for (let i = 0; i < count; i++) {
    const { name, bytes, format } = random.pick(parents);
    const other = random.pick(parents.filter((parent) => parent.format === format));
    const mutant = mutantOf(bytes, format, random, other.bytes);
    if (mutant.bytes.equals(bytes)) continue;
    yield { name: `${i}-${basename(name)}`, kind: `${format}: ${mutant.kind}`, bytes: mutant.bytes };
  }
}

const counts = new Map<string, Record<Column, number>>();
const pillow = startPillow();
const started = performance.now();
let isStopped = false;
process.once('SIGINT', () => {
  isStopped = true;
});
try {
  for (const { name, kind, bytes } of flags.mutants === undefined ? wholeFiles() : mutants(Number(flags.mutants))) {
    if (isStopped) break;
    const theirs = pillow.read(bytes);
    const { column, why } = await theirs.then((answer) => compare(bytes, answer));
    const row = counts.get(kind) ?? (Object.fromEntries(columns.map((each) => [each, 0])) as Record<Column, number>);
    row[column]++;
    counts.set(kind, row);
    if (column === 'both' || column === 'neither') continue;
    if (flags.list) console.log(`${column}\t${kind}\t${name}\t${why.replaceAll('\n', ' ')}`);
    if (flags.save === undefined) continue;
    mkdirSync(flags.save, { recursive: true });
    writeFileSync(join(flags.save, `${column.replaceAll(' ', '-')}-${basename(name)}`), bytes);
  }
} finally {
  await pillow.close();
}

const total = Object.fromEntries(
  columns.map((each) => [each, [...counts.values()].reduce((sum, row) => sum + row[each], 0)]),
) as Record<Column, number>;
const width = Math.max(...[...counts.keys(), 'all'].map((kind) => kind.length));
console.log(`${'kind'.padEnd(width)}  ${columns.map((each) => each.padStart(13)).join('')}`);
for (const [kind, row] of [...[...counts].sort(([a], [b]) => (a < b ? -1 : 1)), ['all', total] as const])
  console.log(`${kind.padEnd(width)}  ${columns.map((each) => String(row[each]).padStart(13)).join('')}`);
console.log(`${((performance.now() - started) / 1000).toFixed(0)} s; boxes of each file: ${flags.boxes}`);
process.exitCode = total['by box'] === 0 ? 0 : 1;
