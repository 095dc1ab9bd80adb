import type { Location } from '../storage/storage.js';

/** The class of a sample. */
export interface Label {
  readonly index: number;
  readonly name: string;
}

/** The ordered list of a source's samples of one split, with a fingerprint. Index i is the sample's place in it. */
export interface Manifest {
  readonly source: string;
  readonly layout: string;
  readonly count: number;
  /** SHA-256 over the sorted keys and sizes, hex. */
  readonly fingerprint: string;
  /**
   * SHA-256 over the fingerprint and the times of folders and shards, hex: what caches know this state of the source by, as
   * the fingerprint does not tell a file from another one of its size.
   */
  readonly version: string;
  /** Names of the classes in index order; empty where there are none. */
  readonly classNames: readonly string[];
  /** The sample's key: its path inside the source with `/`, or `shard.tar/member`. */
  key(index: number): string;
  /** Size of the encoded sample in bytes. */
  size(index: number): number;
  label(index: number): Label | null;
  location(index: number): Location;
  /** Where the text or JSON beside a tar member is; null where there is none. */
  sibling(index: number, suffix: 'txt' | 'json'): Location | null;
  /**
   * What the config wants headers to tell of a sample: a JSON object of columns, empty where nothing is said of it. Absent where it wants none.
   * It rejects as `readSample`.
   */
  readonly columns?: ((index: number) => Promise<string>) | undefined;
  /** Samples that the config takes out of every epoch. */
  readonly excluded?: ReadonlySet<number> | undefined;
  /** The index of a key; -1 where the manifest does not have it. */
  find(key: string): number;
}
