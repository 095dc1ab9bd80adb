import { join } from 'node:path';
import type { SourceLayout } from './layout.js';
import { firstPlace, hasFolders, isFolder, swappedPlace } from './look.js';

/** Class folders in `train/` and `val/`, as ImageFolder reads them. Where the layout is given, the class folders may lie in the folder itself. */
export const imagenet: SourceLayout = {
  name: 'imagenet',
  storage: 'files',
  labelled: true,
  find: (path) => hasFolders(join(path, 'train')),
  async locate(root, split) {
    if (split === 'train') {
      const inside = await firstPlace([{ root, folder: 'train' }], isFolder);
      return inside ?? firstPlace([{ root, folder: '' }], hasFolders);
    }
    return firstPlace([{ root, folder: 'val' }, swappedPlace(root, '')], hasFolders);
  },
};
