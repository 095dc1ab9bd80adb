import { existsSync } from 'node:fs';
import { link, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { drawPictures, type Size } from './pictures.js';

/** A size of files that the bench reads. */
export interface FileSet {
  /** As `500x375`. */
  readonly name: string;
  readonly size: Size;
  /** Different files. */
  readonly count: number;
  /** Folder with every file once, in the layout of ImageNet. */
  readonly once: string;
  /** Folder with every file under many names, so that an epoch is long; the names share the file's bytes. */
  readonly many: string;
  readonly bytes: number;
}

const classes = 8;
const names = 16;

/** Samples of the bench's batches. */
export const batchSize = 64;

/** Side of the bench's samples, in pixels. */
export const imageSize = 224;

/** Draws the files of one size under `folder`, unless they are there. */
export async function makeFileSet(folder: string, name: string, count: number): Promise<FileSet> {
  const [width, height] = name.split('x').map(Number);
  const size = { width: width!, height: height! };
  const root = join(folder, `${name}-${count}`);
  const [once, many] = [join(root, 'once'), join(root, 'many')];
  if (!existsSync(join(root, 'made'))) {
    await rm(root, { recursive: true, force: true });
    for (const base of [once, many])
      for (let c = 0; c < classes; c++) await mkdir(join(base, 'train', `c${c}`), { recursive: true });
    const draw = await drawPictures(size);
    for (let first = 0; first < count; first += 8)
      await Promise.all(
        Array.from({ length: Math.min(8, count - first) }, async (_, k) => {
          const index = first + k;
          const inside = (copy: number) =>
            join('train', `c${index % classes}`, `${String(index).padStart(6, '0')}_${copy}.jpg`);
          const file = join(once, inside(0));
          await writeFile(file, await draw(index));
          for (let copy = 0; copy < names; copy++) await link(file, join(many, inside(copy)));
        }),
      );
    await writeFile(join(root, 'made'), '');
  }
  return { name, size, count, once, many, bytes: await bytesUnder(once) };
}

async function bytesUnder(folder: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) sum += (await stat(join(entry.parentPath, entry.name))).size;
  return sum;
}

/** The name of the run of a recipe over a file set; `once` is the run over every file once. */
export function runName(recipe: string, set: FileSet, files: 'once' | 'many'): string {
  return `${recipe}-${set.name}-${files}`;
}

/** Writes the config of a replica that serves every recipe over every file set, and yields its path. */
export async function writeConfig(
  folder: string,
  sets: readonly FileSet[],
  recipes: readonly string[],
): Promise<string> {
  const sources: Record<string, { path: string }> = {};
  const runs: Record<string, object> = {};
  for (const set of sets)
    for (const files of ['once', 'many'] as const) {
      const source = `${set.name}-${files}`;
      sources[source] = { path: set[files] };
      for (const recipe of recipes)
        runs[runName(recipe, set, files)] = {
          recipe,
          sources: [source],
          image_size: imageSize,
          global_batch: batchSize,
          epochs: 100_000,
        };
    }
  const file = join(folder, 'tributary.yaml');
  await writeFile(file, stringify({ index: join(folder, 'index'), sources, runs }));
  return file;
}
