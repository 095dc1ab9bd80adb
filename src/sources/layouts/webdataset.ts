import { below } from '../storage/storages.js';
import type { SourceLayout } from './layout.js';
import { firstPlace, hasOddShards, hasShards, swappedPlace } from './look.js';

/** Tar shards in `shards/*.tar`, as img2dataset writes them for WebDataset. Where the layout is given, `*.tar` may lie in the folder itself. */
export const webdataset: SourceLayout = {
  name: 'webdataset',
  samples: 'members',
  labelled: false,
  find: (url) => hasShards(below(url, 'shards')),
  async locate(root, split) {
    const places =
      split === 'train'
        ? [
            { root, folder: 'shards' },
            { root, folder: '' },
          ]
        : [
            swappedPlace(root, 'shards'),
            swappedPlace(root, ''),
            { root, folder: 'val/shards' },
            { root, folder: 'val' },
          ];
    // Where all are compressed, indexing says so by name.
    return (await firstPlace(places, hasShards)) ?? firstPlace(places, hasOddShards);
  },
};
