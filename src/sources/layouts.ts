import { resolve } from 'node:path';
import { TributaryError } from '../errors.js';
import { coco } from './layouts/coco.js';
import { flat } from './layouts/flat.js';
import { imagenet } from './layouts/imagenet.js';
import type { Place, SourceLayout, Split } from './layouts/layout.js';
import { isFolder } from './layouts/look.js';
import { webdataset } from './layouts/webdataset.js';
import type { Layout } from './manifest/manifest.js';

/** Every layout, in the order that upstream looks for them; `flat` is any folder, so it comes last. */
export const layouts: readonly SourceLayout[] = [webdataset, coco, imagenet, flat];

/** What `locateSource` needs to know of a source. */
export interface SourceOptions {
  /** The source's name, for messages. */
  readonly name: string;
  /** Its folder. */
  readonly path: string;
  /** Its layout, where the config gives it; else it is found by looking. */
  readonly layout?: Layout | undefined;
  readonly split: Split;
}

/**
 * The layout of a source and the place of its split.
 *
 * @throws TributaryError SOURCE_MISSING where the folder, the layout that was given, or the split is not there.
 */
export async function locateSource(options: SourceOptions): Promise<{ layout: SourceLayout; place: Place }> {
  const { name, split } = options;
  const path = resolve(options.path);
  const metadata = { source: name, path, split };
  if (!(await isFolder(path)))
    throw new TributaryError('SOURCE_MISSING', {
      expected: `a folder for source ${name}`,
      came: `no folder at ${path}`,
      remedy: 'Set the path of the source to the folder that holds it',
      metadata,
    });
  const layout = await findLayout(path, options.layout);
  const place = await layout.locate(path, split);
  if (place === null)
    throw new TributaryError('SOURCE_MISSING', {
      expected: `the ${split} split of source ${name} in the ${layout.name} layout`,
      came: `nothing of it at or beside ${path}`,
      remedy: `Add the ${split} split to the source, leave the source out of the run, or set its layout`,
      metadata,
    });
  return { layout, place };
}

async function findLayout(path: string, given: Layout | undefined): Promise<SourceLayout> {
  if (given !== undefined) return layouts.find((layout) => layout.name === given)!;
  for (const layout of layouts) if (await layout.find(path)) return layout;
  return flat;
}
