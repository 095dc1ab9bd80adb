import type { Layout } from '../manifest/manifest.js';

/** The two splits of a source. */
export type Split = 'train' | 'val';

/** Where the samples of a split are: `folder` inside `root`, empty where it is the root itself. Keys are relative to `root`. */
export interface Place {
  /** Absolute path. */
  readonly root: string;
  /** Path inside `root` with `/`. */
  readonly folder: string;
}

/** One way that a source's files are laid out: the shape of every file of this folder. */
export interface SourceLayout {
  readonly name: Layout;
  /** Whether the samples are files or members of tar shards. */
  readonly storage: 'files' | 'shards';
  /** Whether the first folder below the place is the sample's class. */
  readonly labelled: boolean;
  /** Whether the folder at `path` looks like this layout. */
  find(path: string): Promise<boolean>;
  /** Where the samples of `split` are, or null where the source has no such split. */
  locate(path: string, split: Split): Promise<Place | null>;
}
