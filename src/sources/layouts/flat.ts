import { below } from '../storage/storages.js';
import type { SourceLayout } from './layout.js';
import { firstPlace, isFolder, swappedPlace } from './look.js';

/** Images in a folder and the folders below it: in `train/` where there is one, else in the folder itself. */
export const flat: SourceLayout = {
  name: 'flat',
  samples: 'files',
  labelled: false,
  find: isFolder,
  async locate(root, split) {
    const hasTrain = await isFolder(below(root, 'train'));
    if (split === 'train') return { root, folder: hasTrain ? 'train' : '' };
    return firstPlace([hasTrain ? { root, folder: 'val' } : null, swappedPlace(root, '')], isFolder);
  },
};
