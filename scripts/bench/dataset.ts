import { constants, existsSync } from 'node:fs';
import { copyFile, link, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { benchRecipe } from './bench-recipes.js';
import { drawPictures } from './pictures.js';

/** Files that the bench reads. */
export interface FileSet {
  /** As `500x375`, their size in pixels, or `folder`. */
  readonly name: string;
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
  const root = join(folder, `${name}-${count}`);
  if (!existsSync(join(root, 'made'))) {
    await makeFolders(root);
    const draw = await drawPictures({ width: width!, height: height! });
    for (let first = 0; first < count; first += 8)
      await Promise.all(
        Array.from({ length: Math.min(8, count - first) }, async (_, k) => {
          const file = fileOf(root, 'once', first + k);
          await writeFile(file, await draw(first + k));
          await linkAll(root, first + k, file);
        }),
      );
    await writeFile(join(root, 'made'), '');
  }
  return fileSet(root, name, count);
}

/** The JPEGs of somebody's own folder, below it at any depth, as a file set: links under `folder`, `times` for each. */
export async function ownFileSet(folder: string, own: string, times: number): Promise<FileSet> {
  const root = join(folder, 'own');
  await makeFolders(root);
  const entries = await readdir(own, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && /\.jpe?g$/i.test(entry.name))
    .map((entry) => resolve(entry.parentPath, entry.name))
    .sort();
  if (paths.length === 0) throw new Error(`expected JPEG files below ${own}, but there are none`);
  // A batch takes as many different names as it has samples.
  const count = Math.max(paths.length * times, 2 * batchSize);
  for (let index = 0; index < count; index++) {
    const file = fileOf(root, 'once', index);
    await copyFile(paths[index % paths.length]!, file, constants.COPYFILE_FICLONE);
    await linkAll(root, index, file);
  }
  return fileSet(root, 'folder', count);
}

function fileOf(root: string, files: 'once' | 'many', index: number, copy = 0): string {
  return join(root, files, 'train', `c${index % classes}`, `${String(index).padStart(6, '0')}_${copy}.jpg`);
}

async function makeFolders(root: string): Promise<void> {
  await rm(root, { recursive: true, force: true });
  for (const files of ['once', 'many'])
    for (let c = 0; c < classes; c++) await mkdir(join(root, files, 'train', `c${c}`), { recursive: true });
}

async function linkAll(root: string, index: number, file: string): Promise<void> {
  for (let copy = 0; copy < names; copy++) await link(file, fileOf(root, 'many', index, copy));
}

async function fileSet(root: string, name: string, count: number): Promise<FileSet> {
  const [once, many] = [join(root, 'once'), join(root, 'many')];
  return { name, count, once, many, bytes: await bytesUnder(once) };
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

function run(name: string): object {
  const { recipe, knobs } = benchRecipe(name);
  return { recipe, ...knobs };
}

/** Writes the config of a replica that serves every recipe over every file set, with manifests in a folder of this name, and yields its path. */
export async function writeConfig(
  folder: string,
  sets: readonly FileSet[],
  recipes: readonly string[],
  index = 'index',
): Promise<string> {
  const sources: Record<string, { path: string }> = {};
  const runs: Record<string, object> = {};
  for (const set of sets)
    for (const files of ['once', 'many'] as const) {
      const source = `${set.name}-${files}`;
      sources[source] = { path: set[files] };
      for (const recipe of recipes)
        runs[runName(recipe, set, files)] = {
          ...run(recipe),
          sources: [source],
          image_size: imageSize,
          global_batch: batchSize,
          epochs: 100_000,
        };
    }
  const file = join(folder, index === 'index' ? 'tributary.yaml' : `${index}.yaml`);
  await writeFile(file, stringify({ index: join(folder, index), sources, runs }));
  return file;
}
