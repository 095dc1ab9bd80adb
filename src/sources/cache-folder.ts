import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { partSuffix, removeCacheFile, trailerBytes } from './cache-file.js';
import type { Location, Manifest } from './manifest.js';

/** A cache folder on a local disk, and how much may lie in it. */
export interface CacheFolderOptions {
  readonly folder: string;
  /** Bytes at most, in whole blocks of 4 KiB. Replicas that share a folder should agree on it. */
  readonly budget: number;
  /** Told what is wrong with the folder, once for each kind of trouble. */
  readonly onTrouble: (message: string, detail: Record<string, unknown>) => void;
  /** Milliseconds since the epoch; the machine's clock where it is not given. */
  readonly now?: (() => number) | undefined;
}

/** Where one sample's bytes lie in a cache folder, or would. */
export interface CachePlace {
  readonly path: string;
  /** Whether there is room to put it there. Then `settle` must be told what became of it. */
  readonly mayStore: boolean;
  /** What it takes of the budget. */
  readonly size: number;
}

/** A source that nobody has asked for in this time, in milliseconds, makes room for others. */
export const idleAfter = 60 * 60 * 1000;

/** A file that is half written and this old, in milliseconds, was left by a process that died. */
export const orphanAfter = 10 * 60 * 1000;

const markEvery = 60 * 1000;
const blockBytes = 4096;
const format = 'tributary-cache-1';
const fileName = /^[0-9a-f]{32}-(\d{1,15})$/;
const partName = /^[0-9a-f]{2}$/;
const versionName = /^[0-9a-f]{32}$/;
const usedName = 'used';
const goneMark = '.gone-';

interface HeldVersion {
  readonly name: string;
  /** When a replica last said that it uses it, in milliseconds since the epoch. */
  readonly used: number;
  readonly bytes: number;
}

/**
 * A folder of encoded samples on a local disk, within a budget, that replicas may share. The files of one version of a
 * source lie together; reading and writing them is the worker threads' part, this is the bookkeeping.
 *
 * What is in stays in while its source is used: an epoch asks for every sample once, so none is worth more than
 * another, and replacing them would only cost writes. Where room is wanted, sources go that nobody has used for an hour.
 */
export class CacheFolder {
  readonly #root: string;
  readonly #options: CacheFolderOptions;
  readonly #now: () => number;
  readonly #versions = new Map<string, { folder: string; marked: number }>();
  readonly #troubles = new Set<string>();
  #stored = 0;
  #reserved = 0;
  #addedSinceScan = 0;
  #addedDuringScan = 0;
  #headroomAtScan = 0;
  #scanTook = 0;
  #scanned = Number.NEGATIVE_INFINITY;
  #scanning: Promise<void> | null = null;
  #isRoomWanted = false;
  #isStoring = true;

  private constructor(options: CacheFolderOptions) {
    this.#options = options;
    this.#root = join(options.folder, format);
    this.#now = options.now ?? Date.now;
  }

  /** Opens a folder, which is made where there is none, and looks what is in it. It never fails: it goes on without. */
  static async open(options: CacheFolderOptions): Promise<CacheFolder> {
    const cache = new CacheFolder(options);
    try {
      await mkdir(cache.#root, { recursive: true, mode: 0o700 });
    } catch (error) {
      cache.#stop(error as Error);
    }
    await cache.scan();
    return cache;
  }

  /** Bytes that lie in the folder, as far as this process knows: in whole blocks. */
  get bytes(): number {
    return this.#stored;
  }

  get budget(): number {
    return this.#options.budget;
  }

  /** Where a sample's bytes lie, with room reserved for them where there is some. */
  place(manifest: Manifest, location: Location): CachePlace {
    const version = this.#version(manifest);
    const { path, offset, length } = location;
    const digest = createHash('sha256').update(`${path}\0${offset}\0${length}`).digest('hex').slice(0, 32);
    const size = onDisk(length);
    return {
      path: join(version, digest.slice(0, 2), `${digest}-${length}`),
      mayStore: this.#isStoring && this.#reserve(size),
      size,
    };
  }

  /** Ends a reservation: the file was stored, or it was not. */
  settle(place: CachePlace, isStored: boolean): void {
    if (!place.mayStore) return;
    this.#reserved -= place.size;
    if (!isStored) return;
    this.#stored += place.size;
    this.#addedSinceScan += place.size;
    this.#addedDuringScan += place.size;
    // Others may have stored as much: with four of them the budget still holds.
    if (this.#addedSinceScan >= this.#headroomAtScan / 4) this.#scanAgain(0);
  }

  /** Told that reading or writing failed. Where nothing can be written, nothing more is stored. */
  failed(error: { readonly code: string; readonly message: string; readonly isWrite: boolean }): void {
    if (error.isWrite) this.#stop(error);
    else this.#trouble('read', 'a file of the cache folder cannot be read; the source is read instead', error);
  }

  /** Told of a file that is not what was written. */
  damaged(path: string, came: string): void {
    this.#trouble('damaged', 'a file of the cache folder is damaged; the source is read instead', { path, came });
  }

  /** Looks what is in the folder, sweeps what dead processes have left, and makes room where there is too little. */
  async scan(): Promise<void> {
    this.#scanning ??= this.#scan().finally(() => {
      this.#scanning = null;
    });
    return this.#scanning;
  }

  async #scan(): Promise<void> {
    const start = performance.now();
    this.#addedDuringScan = 0;
    try {
      const versions: HeldVersion[] = [];
      for (const name of await readdir(this.#root)) {
        if (name.startsWith(goneMark)) await rm(join(this.#root, name), { recursive: true, force: true });
        else if (versionName.test(name)) versions.push(await this.#scanVersion(name));
      }
      this.#stored = (await this.#makeRoom(versions)) + this.#addedDuringScan;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') this.#stored = 0;
      else this.#trouble('scan', 'the cache folder cannot be listed', { code, message });
    }
    this.#addedSinceScan = 0;
    this.#headroomAtScan = Math.max(0, this.#options.budget - this.#stored);
    this.#scanned = this.#now();
    this.#scanTook = performance.now() - start;
  }

  /** Takes away what is over the budget, and sources that nobody uses where room is wanted; returns the bytes left. */
  async #makeRoom(versions: readonly HeldVersion[]): Promise<number> {
    const { budget } = this.#options;
    // An eighth is freed at once, so that room is not made for every single file.
    const target = this.#isRoomWanted ? (budget / 8) * 7 : budget;
    this.#isRoomWanted = false;
    let bytes = versions.reduce((sum, version) => sum + version.bytes, 0);
    for (const { name, used, bytes: freed } of versions.toSorted((a, b) => a.used - b.used)) {
      if (bytes <= target) return bytes;
      if (used >= this.#now() - idleAfter || this.#versions.has(name)) continue;
      const gone = join(this.#root, `${goneMark}${name}-${randomBytes(4).toString('hex')}`);
      await rename(join(this.#root, name), gone);
      await rm(gone, { recursive: true, force: true });
      bytes -= freed;
    }
    // The budget has become smaller, or many replicas have filled the folder at once.
    for (const { name } of versions) {
      for (const part of bytes > budget ? await filesOf(join(this.#root, name)) : []) {
        if (bytes <= budget) return bytes;
        await removeCacheFile(part.path);
        bytes -= part.size;
      }
    }
    return bytes;
  }

  async #scanVersion(name: string): Promise<HeldVersion> {
    const folder = join(this.#root, name);
    const used = (await stat(join(folder, usedName)).catch(() => stat(folder))).mtimeMs;
    const files = await filesOf(folder, (part) => this.#sweep(part));
    return { name, used, bytes: files.reduce((sum, { size }) => sum + size, 0) };
  }

  async #sweep(part: string): Promise<void> {
    const stats = await stat(part).catch(() => null);
    if (stats !== null && stats.mtimeMs < this.#now() - orphanAfter) await rm(part, { recursive: true, force: true });
  }

  #reserve(size: number): boolean {
    if (this.#stored + this.#reserved + size <= this.#options.budget) {
      this.#reserved += size;
      return true;
    }
    // Others may have made room meanwhile, or have left a source.
    if (size <= this.#options.budget) {
      this.#isRoomWanted = true;
      this.#scanAgain(markEvery);
    }
    return false;
  }

  #scanAgain(atMostEvery: number): void {
    // Listing a large folder must not become what a replica is busy with.
    if (this.#now() - this.#scanned >= Math.max(atMostEvery, 10 * this.#scanTook)) void this.scan();
  }

  #version(manifest: Manifest): string {
    const name = manifest.version.slice(0, 32);
    let known = this.#versions.get(name);
    if (known === undefined) {
      known = { folder: join(this.#root, name), marked: Number.NEGATIVE_INFINITY };
      this.#versions.set(name, known);
    }
    if (this.#now() - known.marked >= markEvery) {
      known.marked = this.#now();
      void this.#mark(known.folder);
    }
    return known.folder;
  }

  async #mark(folder: string): Promise<void> {
    const seconds = this.#now() / 1000;
    const file = join(folder, usedName);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(file, '', { flag: 'a', mode: 0o600 });
      await utimes(file, seconds, seconds);
    } catch (error) {
      this.#stop(error as NodeJS.ErrnoException);
    }
  }

  #stop(error: { code?: string | undefined; message: string }): void {
    this.#isStoring = false;
    const { code, message } = error;
    this.#trouble('write', 'the cache folder cannot be written; nothing more is stored in it', { code, message });
  }

  #trouble(kind: string, message: string, detail: Record<string, unknown>): void {
    if (this.#troubles.has(kind)) return;
    this.#troubles.add(kind);
    this.#options.onTrouble(message, { folder: this.#options.folder, ...detail });
  }
}

/** The files of one version; what is no such file is left alone, and what is half written is told. */
async function filesOf(
  folder: string,
  onPart: (path: string) => Promise<void> = async () => {},
): Promise<{ path: string; size: number }[]> {
  const files: { path: string; size: number }[] = [];
  for (const part of await readdir(folder)) {
    if (!partName.test(part)) continue;
    for (const name of await readdir(join(folder, part)).catch(() => [])) {
      const path = join(folder, part, name);
      const length = fileName.exec(name)?.[1];
      if (length !== undefined) files.push({ path, size: onDisk(Number(length)) });
      else if (name.endsWith(partSuffix)) await onPart(path);
    }
  }
  return files;
}

function onDisk(length: number): number {
  return Math.ceil((length + trailerBytes) / blockBytes) * blockBytes;
}
