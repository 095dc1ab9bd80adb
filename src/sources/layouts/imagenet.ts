import { below } from '../storage/storages.js';
import type { SourceLayout } from './layout.js';
import { firstPlace, hasFolders, isFolder, swappedPlace } from './look.js';

/** Class folders in `train/` and `val/`, as ImageFolder reads them. Where the layout is given, the class folders may lie in the folder itself. */
export const imagenet: SourceLayout = {
  name: 'imagenet',
  samples: 'files',
  labelled: true,
  find: (url) => hasFolders(below(url, 'train')),
  async locate(root, split) {
    if (split === 'train') {
      const inside = await firstPlace([{ root, folder: 'train' }], isFolder);
      return inside ?? firstPlace([{ root, folder: '' }], hasFolders);
    }
    return firstPlace([{ root, folder: 'val' }, swappedPlace(root, '')], hasFolders);
  },
};
