import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../sources/manifest/manifest.js';
import { partSuffix } from '../sources/storage/local/write-whole.js';
import type { Location } from '../sources/storage/storage.js';
import { trailerBytes } from './cache-file.js';
import { idleAfter } from './kept-samples.js';

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
export interface CacheFile {
  readonly path: string;
  /** Whether there is room to put it there. Then `give` must be told what became of it. */
  readonly mayStore: boolean;
  /** Whether another task is at storing it: whatever lies there is that task's to replace. */
  readonly isBeingStored: boolean;
  /** What it takes of the budget. */
  readonly size: number;
}

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
  /** When each version in use was last marked as used, in milliseconds since the epoch. */
  readonly #marked = new Map<string, number>();
  readonly #troubles = new Set<string>();
  #stored = 0;
  #reserved = 0;
  /** Places with room reserved; `isListed` where the last listing has left the file out of its sum. */
  readonly #inFlight = new Map<string, { isListed: boolean }>();
  /** Files stored while the folder is listed, which the listing may have seen or not. */
  readonly #storedDuringScan = new Set<string>();
  #addedDuringScan = 0;
  #addedSinceScan = 0;
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
  take(manifest: Manifest, location: Location): CacheFile {
    const version = this.#version(manifest);
    const { path, offset, length, packed } = location;
    const start = packed === undefined ? `${offset}` : `${offset}+${packed.skipped}`;
    const digest = createHash('sha256').update(`${path}\0${start}\0${length}`).digest('hex').slice(0, 32);
    const size = onDisk(length);
    const file = join(version, digest.slice(0, 2), `${digest}-${length}`);
    // Of tasks that need one sample at a time, the first stores it.
    const isBeingStored = this.#inFlight.has(file);
    const mayStore = this.#isStoring && !isBeingStored && this.#reserve(size);
    if (mayStore) this.#inFlight.set(file, { isListed: false });
    return { path: file, mayStore, isBeingStored, size };
  }

  /** Ends a reservation. @param isStored whether the folder has a file now that it had not before. */
  give(file: CacheFile, isStored: boolean): void {
    if (!file.mayStore) return;
    this.#reserved -= file.size;
    const { isListed } = this.#inFlight.get(file.path)!;
    this.#inFlight.delete(file.path);
    if (isStored || isListed) {
      this.#stored += file.size;
      this.#addedDuringScan += file.size;
    }
    if (!isStored) return;
    this.#addedSinceScan += file.size;
    if (this.#scanning !== null) this.#storedDuringScan.add(file.path);
    // Other replicas may have stored as much meanwhile.
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
    this.#storedDuringScan.clear();
    for (const flying of this.#inFlight.values()) flying.isListed = false;
    try {
      const versions: HeldVersion[] = [];
      for (const name of await readdir(this.#root)) {
        if (name.startsWith(goneMark)) await rm(join(this.#root, name), { recursive: true, force: true });
        else if (versionName.test(name)) versions.push(await this.#scanVersion(name));
      }
      this.#stored = versions.reduce((sum, { bytes }) => sum + bytes, 0) + this.#addedDuringScan;
      await this.#makeRoom(versions);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') this.#stored = this.#addedDuringScan;
      else this.#trouble('scan', 'the cache folder cannot be listed', { code, message });
    }
    this.#addedSinceScan = 0;
    this.#headroomAtScan = Math.max(0, this.#options.budget - this.#stored);
    this.#scanned = this.#now();
    this.#scanTook = performance.now() - start;
  }

  /** Takes away what is over the budget, and sources that nobody uses where room is wanted. */
  async #makeRoom(versions: readonly HeldVersion[]): Promise<void> {
    const { budget } = this.#options;
    // An eighth is freed at once, so that room is not made for every single file.
    const target = this.#isRoomWanted ? (budget / 8) * 7 : budget;
    this.#isRoomWanted = false;
    for (const { name, used, bytes } of versions.toSorted((a, b) => a.used - b.used)) {
      if (this.#stored <= target) return;
      // The mark of what this process uses may not be written yet.
      if (Math.max(used, this.#marked.get(name) ?? 0) >= this.#now() - idleAfter) continue;
      const gone = join(this.#root, `${goneMark}${name}-${randomBytes(4).toString('hex')}`);
      await rename(join(this.#root, name), gone);
      await rm(gone, { recursive: true, force: true });
      this.#stored -= bytes;
    }
    // The budget has become smaller, or many replicas have filled the folder at once.
    for (const { name } of versions) {
      if (this.#stored <= budget) return;
      for await (const files of filesOf(join(this.#root, name))) {
        for (const { path, size } of files) {
          if (this.#stored <= budget) return;
          if (size === null || this.#inFlight.has(path)) continue;
          await rm(path, { recursive: true, force: true });
          this.#stored -= size;
        }
      }
    }
  }

  async #scanVersion(name: string): Promise<HeldVersion> {
    const folder = join(this.#root, name);
    const used = (await stat(join(folder, usedName)).catch(() => stat(folder))).mtimeMs;
    let bytes = 0;
    for await (const files of filesOf(folder)) {
      for (const { path, size } of files) {
        const flying = this.#inFlight.get(path);
        // What a task has in hand counts when it is done, and once.
        if (flying !== undefined) flying.isListed = size !== null;
        else if (size === null) await this.#sweep(path);
        else if (!this.#storedDuringScan.has(path)) bytes += size;
      }
    }
    return { name, used, bytes };
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
    const folder = join(this.#root, name);
    if (this.#now() - (this.#marked.get(name) ?? Number.NEGATIVE_INFINITY) >= markEvery) {
      this.#marked.set(name, this.#now());
      void this.#mark(folder);
    }
    return folder;
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

  #stop({ code, message }: { code?: string | undefined; message: string }): void {
    this.#isStoring = false;
    this.#trouble('write', 'the cache folder cannot be written; nothing more is stored in it', { code, message });
  }

  #trouble(kind: string, message: string, detail: Record<string, unknown>): void {
    if (this.#troubles.has(kind)) return;
    this.#troubles.add(kind);
    this.#options.onTrouble(message, { folder: this.#options.folder, ...detail });
  }
}

/** The files of one version, one folder of them at a time; `size` is null for what is half written. */
async function* filesOf(folder: string): AsyncGenerator<{ path: string; size: number | null }[]> {
  for (const part of await readdir(folder)) {
    if (!partName.test(part)) continue;
    const within = join(folder, part);
    const files: { path: string; size: number | null }[] = [];
    for (const name of await readdir(within).catch(() => [])) {
      const length = fileName.exec(name)?.[1];
      if (length !== undefined) files.push({ path: `${within}/${name}`, size: onDisk(Number(length)) });
      else if (name.endsWith(partSuffix)) files.push({ path: `${within}/${name}`, size: null });
    }
    yield files;
  }
}

function onDisk(length: number): number {
  return Math.ceil((length + trailerBytes) / blockBytes) * blockBytes;
}
