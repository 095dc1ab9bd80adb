/** The two splits of a source. */
export type Split = 'train' | 'val';

/** Where the samples of a split are: `folder` inside `root`, empty where it is the root itself. Keys are relative to `root`. */
export interface Place {
  /** URL of a folder; for local files an absolute path. */
  readonly root: string;
  /** Path inside `root` with `/`. */
  readonly folder: string;
  /** Whether links to folders are followed, as torchvision's ImageFolder does; else they are left out, as `Path.rglob` does. */
  readonly followsFolders?: boolean;
  /** URLs of other folders that links may lead into, where the config names some. */
  readonly outside?: readonly string[];
  /** Which files are its shards, by their names; `*.tar` where it is not given. */
  readonly isShard?: (name: string) => boolean;
}

/** What samples are, by where they lie. */
export type SampleKind = 'files' | 'members' | 'rows';

/** One way that a source's files are laid out: the shape of every layout of this folder. */
export interface SourceLayout {
  /** As the config may give it, and as manifests have it. */
  readonly name: string;
  /** Whether the samples are files, members of tar shards or rows of Parquet shards. */
  readonly samples: SampleKind;
  /** Whether the first folder below the place is the sample's class. */
  readonly labelled: boolean;
  /** Whether the folder at `url` looks like this layout. */
  find(url: string): Promise<boolean>;
  /** Where the samples of `split` are, or null where the source has no such split. */
  locate(url: string, split: Split): Promise<Place | null>;
}
