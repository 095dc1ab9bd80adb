/** Where a sample's bytes are: a whole file, or `length` bytes at `offset` of a shard. Plain data, which crosses threads. */
export interface Location {
  /** The file's URL: for a local file its absolute path. */
  readonly path: string;
  /** The URL of the source's folder: what the file's URL leads to must lie inside it. */
  readonly root: string;
  readonly offset: number | null;
  /** Size in bytes when the manifest was built. */
  readonly length: number;
}
