import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { stringify } from 'yaml';
import { mersenneTwister } from '../../src/sample/mersenne-twister.js';
import { mark } from '../../test/guarantees/deadly-mark.js';
import { makeSampleSet } from '../make-sample-set.js';
import { tributary } from '../server-process.js';
import { type FileServer, serveFiles } from './file-server.js';

const local = ['imagenet', 'coco', 'gqa'];
const run = { recipe: 'dinov3', global_batch: 8, image_size: 48, epochs: 1000 };

/** What replicas are started with, so that the file which kills decoders kills theirs. */
export const deadly = {
  NODE_OPTIONS: `--import=${new URL('../../test/guarantees/deadly-mark.js', import.meta.url).href}`,
};

/** Its name. */
export const deadlyFile = 'deadly.webp';

/** Names of the runs: of local files, of a storage that can fail, and of files of which every third is damaged and one kills its decoders. */
export const runNames = ['near', 'far', 'poisoned'] as const;
export type RunName = (typeof runNames)[number];

/** What the replicas serve. */
export interface Sources {
  readonly config: string;
  readonly storage: FileServer;
}

/** Draws the sources of the runs into a folder, and indexes them. */
export async function makeSources(folder: string, images: number): Promise<Sources> {
  const seven = join(folder, 'seven');
  await makeSampleSet(seven, images);
  await poison(join(seven, 'imagenet'), join(folder, 'poisoned'));
  const far = join(folder, 'far');
  await cp(join(seven, 'gqa'), far, { recursive: true });
  await writeFile(
    join(far, 'files.txt'),
    execFileSync('find', ['.', '-type', 'f', '-printf', '%s %P\\n'], { cwd: far }),
  );
  const storage = await serveFiles(far);
  const config = join(folder, 'tributary.yaml');
  const sources = {
    imagenet: './seven/imagenet',
    coco: './seven/coco',
    gqa: './seven/gqa/paired/train',
    far: `http://127.0.0.1:${storage.port}/paired/train`,
    poisoned: './poisoned',
  };
  const runs = {
    near: { ...run, sources: local, sample_t: 0.5, seed: 7 },
    far: { ...run, sources: ['far', 'coco'], seed: 8 },
    poisoned: { ...run, sources: ['poisoned'], seed: 9, max_corrupt: 1, global_batch: 4 },
  };
  await writeFile(config, stringify({ sources, runs }));
  const { code, stderr } = await tributary(['index', '--config', config]);
  if (code !== 0) throw new Error(stderr);
  return { config, storage };
}

/** Copies pictures, damages every third in one of the ways there are, and adds one that kills its decoders. The same bytes each time. */
async function poison(from: string, to: string): Promise<void> {
  await mkdir(to);
  const random = mersenneTwister(1);
  const files: string[] = [];
  for (const name of (await readdir(from, { recursive: true })).sort())
    if ((await stat(join(from, name))).isFile() && /\.jpe?g$/i.test(name)) files.push(name);
  for (const [index, name] of files.entries()) {
    const bytes = await readFile(join(from, name));
    await writeFile(join(to, `${index}.jpg`), index % 3 === 0 ? damaged(bytes, index / 3) : bytes);
  }
  const picture = await sharp(join(from, files[0]!)).webp().toBuffer();
  await writeFile(join(to, deadlyFile), Buffer.concat([picture, Buffer.from(mark)]));

  function damaged(bytes: Buffer, way: number): Buffer {
    if (way % 4 === 0) return bytes.subarray(0, bytes.length >> 1);
    if (way % 4 === 1) return Buffer.alloc(bytes.length, 0);
    const flipped = Buffer.from(bytes);
    for (let count = 0; count < 40; count++) flipped[random.randint(0, bytes.length)]! ^= 1 << random.randint(0, 8);
    // Of the last kind the head alone, with its sizes and tables.
    return way % 4 === 2 ? flipped : Buffer.concat([flipped.subarray(0, 300), bytes.subarray(300)]);
  }
}
