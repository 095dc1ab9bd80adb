import { below } from '../storage/storages.js';
import type { SourceLayout } from './layout.js';
import { firstPlace, isFolder } from './look.js';

/** COCO as it unpacks: `images/train2017` and `images/val2017`. */
export const coco: SourceLayout = {
  name: 'coco',
  samples: 'files',
  labelled: false,
  find: (url) => isFolder(below(url, 'images/train2017')),
  locate: (root, split) =>
    firstPlace([{ root, folder: split === 'train' ? 'images/train2017' : 'images/val2017' }], isFolder),
};
