import { TributaryError } from '../../errors.js';
import type { Where } from '../../run/config.js';
import { suggestion } from '../../run/similar-names.js';
import { storageOf } from '../storage/storages.js';
import { coco } from './coco.js';
import { flat } from './flat.js';
import { imagenet } from './imagenet.js';
import type { Place, SourceLayout, Split } from './layout.js';
import { isFolder } from './look.js';
import { parquet } from './parquet.js';
import { webdataset } from './webdataset.js';

/** Every layout, in the order that upstream looks for them; `flat` is any folder, so it comes last. */
export const layouts: readonly SourceLayout[] = [webdataset, coco, imagenet, parquet, flat];

/** What `locateSource` needs to know of a source. */
export interface SourceOptions {
  /** The source's name, for messages. */
  readonly name: string;
  /** The path or URL of its folder. */
  readonly path: string;
  /** Its layout, where the config gives it; else it is found by looking. */
  readonly layout?: string | undefined;
  readonly split: Split;
  /** Where links may lead, where the config says it: see `SourceConfig`. */
  readonly followLinks?: true | readonly string[];
  /** What is taken out of every epoch: see `SourceConfig`. */
  readonly exclude?: string | readonly string[];
  /** The table beside it, and what a sample's row there must say: see `SourceConfig`. */
  readonly table?: string;
  readonly where?: Where;
  /** What headers tell of each sample: see `SourceConfig`. */
  readonly columns?: readonly string[];
}

/**
 * The layout of a source and the place of its split.
 *
 * @throws TributaryError SOURCE_MISSING where the folder or the split is not there, CONFIG_INVALID where there is no storage
 * of the path's scheme, or no layout of the name that was given.
 */
export async function locateSource(options: SourceOptions): Promise<{ layout: SourceLayout; place: Place }> {
  const { name, split } = options;
  const path = storageOf(options.path).resolve(options.path);
  const metadata = { source: name, path, split };
  if (!(await isFolder(path)))
    throw new TributaryError('SOURCE_MISSING', {
      expected: `a folder for source ${name}`,
      came: `no folder at ${path}`,
      remedy: 'Set the path of the source to the folder that holds it',
      metadata,
    });
  const layout = options.layout === undefined ? await findLayout(path) : layoutNamed(options.layout, name);
  const place = await layout.locate(path, split);
  if (place === null)
    throw new TributaryError('SOURCE_MISSING', {
      expected: `the ${split} split of source ${name} in the ${layout.name} layout`,
      came: `nothing of it at or beside ${path}`,
      remedy: `Add the ${split} split to the source, leave the source out of the run, or set its layout`,
      metadata,
    });
  return { layout, place: { ...place, ...linksOf(options, layout) } };
}

/** Links to folders are followed where folders are classes, as ImageFolder does, and where the config asks for it. */
function linksOf({ followLinks, path }: SourceOptions, { labelled }: SourceLayout): Partial<Place> {
  if (followLinks === undefined) return labelled ? { followsFolders: true } : {};
  const outside = followLinks === true ? ['/'] : followLinks.map((folder) => storageOf(path).resolve(folder));
  return { followsFolders: true, outside };
}

async function findLayout(path: string): Promise<SourceLayout> {
  for (const layout of layouts) if (await layout.find(path)) return layout;
  return flat;
}

function layoutNamed(name: string, source: string): SourceLayout {
  const layout = layouts.find((candidate) => candidate.name === name);
  if (layout !== undefined) return layout;
  const names = layouts.map((candidate) => candidate.name);
  throw new TributaryError('CONFIG_INVALID', {
    expected: `${names.slice(0, -1).join(', ')} or ${names.at(-1)} for sources.${source}.layout`,
    came: name,
    remedy: suggestion(name, names),
    metadata: { source },
  });
}
