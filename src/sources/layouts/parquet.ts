import type { Entry } from '../storage/storage.js';
import { below } from '../storage/storages.js';
import type { Place, SourceLayout, Split } from './layout.js';
import { firstPlace, hasEntry, hasShards, isHidden, swappedPlace } from './look.js';

/**
 * Parquet files with an image in each row, as the Hugging Face hub keeps them: in `data/` or in the folder itself, their splits told by
 * their names.
 */
export const parquet: SourceLayout = {
  name: 'parquet',
  samples: 'rows',
  labelled: false,
  find: async (url) => (await isOfShards(below(url, 'data'))) || isOfShards(url),
  async locate(root, split) {
    const isShard = split === 'train' ? isTrain : isVal;
    // In a folder that is the split's own, files have any names.
    const swapped = split === 'val' && (swappedPlace(root, '') ?? { root, folder: 'val' });
    return (
      (await placed(
        [
          { root, folder: 'data' },
          { root, folder: '' },
        ],
        isShard,
      )) ?? (swapped ? placed([swapped], isParquetName) : null)
    );
  },
};

/** Whether Parquet files are what a folder is of: beside images they are tables. */
async function isOfShards(url: string): Promise<boolean> {
  const isOther = ({ name, kind }: Entry) =>
    !isHidden(name) && (kind === 'folder' || kind === 'linked_folder' || !besides.test(name));
  return (await hasShards(url, isTrain)) && !(await hasEntry(url, isOther));
}

/** What may lie beside Parquet files that hold images. */
const besides = /\.(parquet|md|txt|jsonl?|ya?ml|csv|py)$/i;

/** Whether a file's name is that of a Parquet file. */
export function isParquetName(name: string): boolean {
  return name.endsWith('.parquet') && !isHidden(name);
}

const isVal = (name: string): boolean => isParquetName(name) && splitOf(name) === 'val';
const isTrain = (name: string): boolean => isParquetName(name) && splitOf(name) === 'train';

/** The split that a file's name begins with, as the hub names files: those of a test are of neither, and all others to train with. */
function splitOf(name: string): Split | null {
  if (/^(val|valid|validation|dev)(?![a-z])/i.test(name)) return 'val';
  return /^test(?![a-z])/i.test(name) ? null : 'train';
}

async function placed(places: readonly Place[], isShard: (name: string) => boolean): Promise<Place | null> {
  const place = await firstPlace(places, (url) => hasShards(url, isShard));
  return place && { ...place, isShard };
}
