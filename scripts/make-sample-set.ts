/**
 * Writes a small sample set: drawn pictures of seven sources, in the layouts that the real sources have, with a
 * config beside them. The same command writes the same bytes.
 *
 *     node dist/scripts/make-sample-set.js OUT_FOLDER [--images N]
 */
import { createWriteStream, realpathSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp, { type Sharp } from 'sharp';
import { pack } from 'tar-stream';
import { TributaryError } from '../src/errors.js';
import {
  aerial,
  chart,
  church,
  draw,
  golfBall,
  numbersFrom,
  parachute,
  people,
  room,
  type Scene,
  shelf,
  street,
  tench,
} from './sample-scenes.js';

/** One image to be drawn: where it goes inside its source, what it shows, and how it is encoded. */
interface Picture {
  readonly path: string;
  readonly scene: Scene;
  readonly width: number;
  readonly height: number;
  readonly encode: (image: Sharp) => Sharp;
}

type Size = readonly [number, number];

/** The folders of the sources, as the config names them. */
export const sourceFolders = ['imagenet', 'coco', 'objects365', 'gqa', 'flickr', 'dota', 'datacomp'] as const;

const shares: Record<(typeof sourceFolders)[number], number> = {
  imagenet: 0.3,
  coco: 0.2,
  objects365: 0.18,
  gqa: 0.08,
  flickr: 0.07,
  dota: 0.05,
  datacomp: 0.12,
};

const classes: readonly (readonly [string, Scene])[] = [
  ['n01440764', tench],
  ['n03028079', church],
  ['n03445777', golfBall],
  ['n03888257', parachute],
];

const photoSizes: readonly Size[] = [
  [500, 375],
  [375, 500],
  [500, 333],
  [333, 500],
  [640, 480],
];
const webSizes: readonly Size[] = [
  [640, 480],
  [480, 640],
  [640, 427],
  [500, 375],
];
const tileSize: readonly Size[] = [[1024, 1024]];

const jpeg = (image: Sharp) => image.jpeg({ quality: 88 });

/** Encodings that real sources have too, each of which a loader has to get right. */
const oddities = {
  grey: (image: Sharp) => image.toColourspace('b-w').jpeg({ quality: 88 }),
  progressive: (image: Sharp) => image.jpeg({ quality: 88, progressive: true }),
  turned: (image: Sharp) => image.rotate(270).jpeg({ quality: 88 }).withMetadata({ orientation: 6 }),
  fullChroma: (image: Sharp) => image.jpeg({ quality: 92, chromaSubsampling: '4:4:4' }),
  png: (image: Sharp) => image.png(),
  alpha: (image: Sharp) => image.ensureAlpha(0.6).png(),
  palette: (image: Sharp) => image.png({ palette: true, colours: 64 }),
};

function series(
  count: number,
  sizes: readonly Size[],
  name: (index: number) => string,
  scene: (index: number) => Scene,
  encode: (index: number) => Picture['encode'] = () => jpeg,
): Picture[] {
  return Array.from({ length: count }, (_, index) => {
    const [width, height] = sizes[index % sizes.length]!;
    return { path: name(index), scene: scene(index), width, height, encode: encode(index) };
  });
}

const digits = (value: number, length: number) => String(value).padStart(length, '0');

/** The pictures of every source but the one in shards, for about `images` training images. */
function plan(images: number): { files: Picture[]; shards: Picture[]; counts: Record<string, number> } {
  const count = (source: keyof typeof shares) => Math.max(4, Math.round(images * shares[source]));
  const valCount = Math.max(4, Math.round(images / 20));
  const wnid = (index: number) => classes[index % classes.length]![0];
  const ofClass = (index: number) => classes[index % classes.length]![1];

  const imagenet = series(
    count('imagenet'),
    photoSizes,
    (i) => `imagenet/train/${wnid(i)}/${wnid(i)}_${100 + i * 7}.JPEG`,
    ofClass,
    (i) => ({ 1: oddities.grey, 6: oddities.png, 11: oddities.progressive })[i] ?? jpeg,
  );
  const coco = series(
    count('coco'),
    webSizes,
    (i) =>
      i === 3
        ? `coco/images/train2017/${digits(9 + i * 16, 12)}.png`
        : `coco/images/train2017/${digits(9 + i * 16, 12)}.jpg`,
    () => street,
    (i) => ({ 1: oddities.turned, 2: oddities.fullChroma, 3: oddities.alpha })[i] ?? jpeg,
  );
  const objects365 = series(
    count('objects365'),
    webSizes,
    (i) => `objects365/images/train/obj365_train_${digits(8 + i * 23, 12)}.${i === 2 ? 'png' : 'jpg'}`,
    () => shelf,
    (i) => ({ 1: oddities.progressive, 2: oddities.palette })[i] ?? jpeg,
  );
  const gqa = series(
    count('gqa'),
    photoSizes,
    (i) => `gqa/paired/train/${2315000 + i * 37}.jpg`,
    () => room,
  );
  const flickr = series(
    count('flickr'),
    [
      [500, 333],
      [333, 500],
      [500, 375],
    ],
    (i) => `flickr/paired/train/${36979 + i * 1003}.jpg`,
    () => people,
    (i) => (i === 1 ? oddities.grey : jpeg),
  );
  const dota = series(
    count('dota'),
    tileSize,
    (i) =>
      `dota/paired/train/P${digits(1 + Math.floor(i / 4), 4)}__1024__${(i % 2) * 824}___${(Math.floor(i / 2) % 2) * 824}.jpg`,
    () => aerial,
  );
  const val = [
    ...series(valCount, photoSizes, (i) => `imagenet/val/${wnid(i)}/ILSVRC2012_val_${digits(i + 1, 8)}.JPEG`, ofClass),
    ...series(
      valCount,
      webSizes,
      (i) => `coco/images/val2017/${digits(139 + i * 31, 12)}.jpg`,
      () => street,
    ),
  ];
  const shards = series(
    count('datacomp'),
    webSizes,
    (i) => digits(i, 9),
    () => chart,
  );
  return {
    files: [...imagenet, ...coco, ...objects365, ...gqa, ...flickr, ...dota, ...val],
    shards,
    counts: {
      imagenet: imagenet.length,
      coco: coco.length,
      objects365: objects365.length,
      gqa: gqa.length,
      flickr: flickr.length,
      dota: dota.length,
      datacomp: shards.length,
    },
  };
}

/** The encoded bytes of a picture. What it shows is decided by its path alone. */
function render({ path, scene, width, height, encode }: Picture): Promise<Buffer> {
  const seed = [...path].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193) >>> 0, 0x811c9dc5);
  // Neighbouring paths hash alike; one more round sets them apart.
  const mixed = Math.floor(numbersFrom(seed)() * 0x100000000);
  return encode(sharp(Buffer.from(draw(scene, width, height, mixed))).flatten({ background: '#ffffff' })).toBuffer();
}

async function writeFiles(out: string, pictures: readonly Picture[]): Promise<void> {
  for (const folder of new Set(pictures.map(({ path }) => dirname(path)))) {
    await mkdir(join(out, folder), { recursive: true });
  }
  const rest = [...pictures];
  const lane = async () => {
    for (let picture = rest.pop(); picture !== undefined; picture = rest.pop()) {
      await writeFile(join(out, picture.path), await render(picture));
    }
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
}

/** Two shards as img2dataset writes them: `<key>.jpg`, `.json` and `.txt` per sample, and the counts beside. */
async function writeShards(out: string, pictures: readonly Picture[]): Promise<void> {
  const folder = join(out, 'datacomp/shards');
  await mkdir(folder, { recursive: true });
  const half = Math.ceil(pictures.length / 2);
  for (const [number, members] of [pictures.slice(0, half), pictures.slice(half)].entries()) {
    const images = await Promise.all(members.map(render));
    const archive = pack();
    const written = pipeline(archive, createWriteStream(join(folder, `${digits(number, 8)}.tar`)));
    for (const [index, { path: place, width, height }] of members.entries()) {
      const key = digits(number * 10_000 + index, 9);
      const text = `a drawn chart, number ${Number(place)}`;
      const facts = { key, status: 'success', caption: text, width, height };
      const parts: [string, Buffer | string][] = [
        ['jpg', images[index]!],
        ['json', JSON.stringify(facts)],
        ['txt', text],
      ];
      for (const [suffix, bytes] of parts) {
        archive.entry({ name: `${key}.${suffix}`, mtime: new Date(0), mode: 0o644 }, bytes);
      }
    }
    archive.finalize();
    await written;
    const stats = { count: members.length, successes: members.length, failed_to_download: 0, failed_to_resize: 0 };
    await writeFile(join(folder, `${digits(number, 8)}_stats.json`), `${JSON.stringify(stats)}\n`);
  }
}

const mark = '# The config of the sample set; written by scripts/make-sample-set.ts.';

const config = `${mark}
sources:
  imagenet: { path: ./imagenet }
  coco: { path: ./coco }
  objects365: { path: ./objects365/images/train }
  gqa: { path: ./gqa/paired/train }
  flickr: { path: ./flickr/paired/train }
  dota: { path: ./dota/paired/train }
  datacomp: { path: ./datacomp }

runs:
  demo:
    recipe: dinov3
    sources: [imagenet, coco, objects365, gqa, flickr, dota, datacomp]
    sample_t: 0.5
    seed: 0
    image_size: 224
    global_batch: 32
    epochs: 2
    wd_end: 0.2
  demo-default:
    recipe: default
    sources: [imagenet, coco, objects365, gqa, flickr, dota, datacomp]
    sample_t: 0.5
    seed: 0
    image_size: 224
    global_batch: 32
    epochs: 2
  demo-val:
    recipe: dinov3
    split: val
    sources: [imagenet, coco]
    seed: 0
    image_size: 224
    global_batch: 32
    epochs: 2
`;

/** Clears an earlier sample set, and refuses a folder that holds anything else. */
async function prepare(out: string): Promise<void> {
  await mkdir(out, { recursive: true });
  const entries = await readdir(out);
  if (entries.length === 0) return;
  const present = await readFile(join(out, 'tributary.yaml'), 'utf8').catch(() => '');
  if (!present.startsWith(mark)) {
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: 'an empty folder, or one that holds an earlier sample set',
      came: `${out}, which holds ${entries.slice(0, 3).join(', ')}`,
      remedy: 'Name a new folder',
    });
  }
  for (const folder of sourceFolders) await rm(join(out, folder), { recursive: true, force: true });
}

/**
 * Writes the sample set into `out` (made where missing): about `images` training images over the seven sources, a
 * tenth as many for validation, and `tributary.yaml`. Returns the number of training images by source.
 *
 * @throws TributaryError ARGUMENT_INVALID for fewer than 28 images, or where `out` holds something else.
 */
export async function makeSampleSet(out: string, images = 240): Promise<Readonly<Record<string, number>>> {
  if (!Number.isSafeInteger(images) || images < 28) {
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: 'at least 28 images, four for each source',
      came: String(images),
      remedy: 'Give --images a whole number of 28 or more',
    });
  }
  await prepare(out);
  const { files, shards, counts } = plan(images);
  await writeFile(join(out, 'tributary.yaml'), config);
  await writeFiles(out, files);
  await writeShards(out, shards);
  return counts;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { images: { type: 'string' } } });
  const out = positionals[0];
  if (out === undefined || positionals.length > 1) {
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: 'one folder',
      came: positionals.length === 0 ? 'none' : positionals.join(' '),
      remedy: 'Run node dist/scripts/make-sample-set.js OUT_FOLDER [--images N]',
    });
  }
  const counts = await makeSampleSet(resolve(out), values.images === undefined ? 240 : Number(values.images));
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const list = Object.entries(counts).map(([source, count]) => `${source} ${count}`);
  console.log(`${total} training images in ${out}: ${list.join(', ')}`);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  });
}
