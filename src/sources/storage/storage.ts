/**
 * Where a source's bytes lie: a local file system, an object store. Everything above this room names things by URL and is
 * indifferent to the storage. A URL is plain text: `/` parts names, which stand in it as they are, not percent-encoded.
 *
 * Every method rejects with a `StorageFault`, and with nothing else, where the storage has something to say.
 */
export interface SourceStorage {
  /** Whether it lies beyond a network, and an answer takes long beside what is made of it: then more is asked for at a time. */
  readonly isFar: boolean;
  /** The one form in which this storage writes a URL that somebody has given, without `/` at its end. */
  resolve(given: string): string;
  /** What lies directly in a folder, in pages, in no order. A folder that is not there is a fault. */
  list(folder: string, options?: ListOptions): AsyncIterable<readonly Entry[]>;
  /** What lies at a URL, links followed; null where there is nothing. */
  stat(url: string, options?: CallOptions): Promise<Stat | null>;
  /** The same for many names in a folder, in their order and without versions. It may hold up the calling thread. */
  measure(folder: string, names: readonly string[]): Promise<readonly (Measured | null)[]>;
  /** Opens a regular file for reading, and waits for nothing but the storage. Close it after use. */
  open(url: string, options?: OpenOptions): Promise<StoredFile>;
  /** Whether what a URL leads to lies in what the folder leads to; true where a storage knows no links. */
  isInside(url: string, folder: string): Promise<boolean>;
}

/** What every call can be given. A storage need not look at it. */
export interface CallOptions {
  /** The calling thread has nothing better to do than to wait for this call: it may be held up. */
  readonly mayWait?: boolean | undefined;
}

/** How to list. */
interface ListOptions extends CallOptions {
  /** The folders that links may lead into; anywhere where it is not given. */
  readonly within?: readonly string[] | undefined;
}

/** How to open. */
interface OpenOptions extends CallOptions {
  /** The folders of which the file must lie in one once all links are followed: it is a permanent fault, OUTSIDE_ROOT, if not. */
  readonly within?: readonly string[] | undefined;
  /** The bytes that will be read first: a storage that pays for each request asks for them with the opening. */
  readonly first?: { readonly offset: number; readonly length: number } | undefined;
  /** The version that the file must have, where the storage tells it with the bytes: another one is the fault CHANGED. */
  readonly version?: string | undefined;
}

/** Why something in a folder can be neither read nor looked into. */
export type OddKind =
  | 'link_outside'
  | 'folder_outside'
  | 'linked_folder'
  | 'link_broken'
  | 'not_a_file'
  | 'name_not_utf8'
  | 'folder_not_utf8';

/** One thing in a folder. */
export interface Entry {
  /** As it is; one that is not UTF-8 with its odd bytes as `\xff`. */
  readonly name: string;
  /** A link to a file inside is a file; one to a folder inside a `linked_folder`. */
  readonly kind: 'file' | 'folder' | OddKind;
  /** In bytes; null where the storage's listing does not tell it. */
  readonly size: number | null;
  /** As `Stat` has it, where the storage's listing tells it. */
  readonly version?: string;
}

/** What lies somewhere. */
export interface Measured {
  readonly kind: 'file' | 'folder' | 'not_a_file';
  /** In bytes. */
  readonly size: number;
}

/** What lies at a URL. */
export interface Stat extends Measured {
  /**
   * Another text whenever the content is another: a file's time or ETag, a folder's time. `0` where there is none to rely
   * on: then it is looked at again.
   */
  readonly version: string;
}

/** An open file. */
export interface StoredFile {
  /** In bytes, when it was opened. */
  readonly size: number;
  /** What of the bytes to be read `first` the file has, where they came with the opening: whoever opened it may keep them. */
  readonly first?: Buffer;
  /** Fills `into` with the bytes at `offset`, or with as many as come at once; resolves to their number, 0 at the end. */
  read(into: Uint8Array, offset: number): Promise<number>;
  close(): void;
}

/** Where a sample's bytes are: a whole file, or `length` bytes at `offset` of a shard. Plain data, which crosses threads. */
export interface Location {
  /** The file's URL: for a local file its absolute path. */
  readonly path: string;
  /** The URL of the source's folder: what the file's URL leads to must lie inside it. */
  readonly root: string;
  /** URLs of other folders that links may lead into, where the config names some. */
  readonly outside?: readonly string[];
  readonly offset: number | null;
  /** The sample's size in bytes when the manifest was built. */
  readonly length: number;
  /** How its bytes are packed at the offset; absent where they lie there as they are. */
  readonly packed?: Packed;
  /** The shard's version, where it has one to rely on: see `OpenOptions`. */
  readonly version?: string;
  /** The file of positions beside the manifest, and the sample's number in it, where there is one. */
  readonly positions?: { readonly path: string; readonly index: number };
}

/** How the bytes of a sample lie packed with others. */
export interface Packed {
  readonly packing: Packing;
  /** Packed bytes that hold the sample. */
  readonly length: number;
  /** How many bytes of what they hold come before the sample; of `literal`, how many that lie as they are begin it. */
  readonly skipped: number;
}

/**
 * How bytes are packed: snappy from the start of one of its blocks, snappy from a byte on that lies in it as it is and that nothing which
 * follows goes back before, or a whole stream of gzip or Zstandard, or of snappy whose copies go back beyond its blocks.
 */
export type Packing = 'snappy' | 'literal' | WholePacking;

/** Of those what has to be unpacked from its beginning. */
export type WholePacking = 'gzip' | 'zstd' | 'snappy-stream';

/** What a storage says instead of an answer. */
export class StorageFault extends Error {
  override readonly name = 'StorageFault';
  readonly url: string;
  /** The storage's own word for it: an errno code, an HTTP status, or NOT_A_FILE, OUTSIDE_ROOT. */
  readonly code: string;
  /** Whether it may answer when asked again. If not, what was asked for is gone or is not what it was. */
  readonly mayPass: boolean;
  /** What a person has to do before asking again helps, a whole sentence without its full stop; null where time may mend it. */
  readonly remedy: string | null;
  /** How often the storage has been asked: more than once where it tries again by itself. */
  attempts = 1;

  constructor(url: string, code: string, mayPass: boolean, message: string, cause?: unknown, remedy?: string) {
    super(message, cause === undefined ? undefined : { cause });
    this.url = url;
    this.code = code;
    this.mayPass = mayPass;
    this.remedy = remedy ?? null;
  }
}

/** Reads at `offset` until `into` is full or the file ends; resolves to the number of bytes. Rejects as the file does. */
export async function fill(file: Pick<StoredFile, 'read'>, into: Uint8Array, offset: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const count = await file.read(done === 0 ? into : into.subarray(done), offset + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}
