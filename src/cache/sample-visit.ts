import type { Crop, ImageSize } from '../decode/crop.js';
import { cropBuffer } from '../decode/crop-buffers.js';
import { decodeCrop } from '../decode/decode-crop.js';
import type { Header } from '../decode/header.js';
import { TributaryError } from '../errors.js';
import { ByteArena, none } from '../memory/byte-arena.js';
import { discard } from '../memory/discard.js';
import type { Limits } from '../run/limits.js';
import type { Box } from '../sample/draw.js';
import type { Location } from '../sources/manifest/manifest.js';
import { readSample } from '../sources/storage/read-sample.js';
import { readCacheFile, removeCacheFile, writeCacheFile } from './cache-file.js';
import type { CacheMemory, CacheReport, CacheTask } from './sample-caches.js';

/** A worker thread's side of the caches. */
export interface ThreadCaches {
  readonly files: ByteArena | null;
  readonly decoded: ByteArena | null;
}

/** The caches as one thread sees them. */
export function threadCaches(memory: CacheMemory | null | undefined): ThreadCaches {
  return {
    files: memory?.files ? new ByteArena(memory.files) : null,
    decoded: memory?.decoded ? new ByteArena(memory.decoded) : null,
  };
}

/** No image takes more than this part of the cache. */
const imagesAtLeast = 16;

/** Width and height, 32 bits each, stand before a decoded image's pixels. */
const decodedHeader = 8;

/** What a visit needs to know of its task. */
export interface VisitedSample {
  readonly location: Location;
  readonly limits: Limits;
  readonly cache: CacheTask | null;
}

/**
 * One task's way to a sample's bytes and pixels, through the caches where there are any. The bytes, the pixels and the
 * verdict on a file are what they would be without them. `end` or `abandon` must follow.
 */
export class SampleVisit {
  readonly #caches: ThreadCaches;
  readonly #sample: VisitedSample;
  readonly #report: CacheReport = {
    file: null,
    decoded: null,
    disk: null,
    isStored: false,
    damage: null,
    failure: null,
  };
  #file: Buffer | null = null;
  /** The file, where it did not come out of memory. */
  #bytes: Buffer | null = null;
  #storing: Promise<void> | null = null;

  constructor(caches: ThreadCaches, sample: VisitedSample) {
    this.#caches = caches;
    this.#sample = sample;
  }

  /** Width and height where the decoded image is held and is within the task's limits; null otherwise. */
  heldImage(): ImageSize | null {
    const { cache, location, limits } = this.#sample;
    if (cache === null || cache.decoded === none) return null;
    const header = new Uint8Array(decodedHeader);
    this.#caches.decoded!.read(cache.decoded, 0, decodedHeader, header);
    const [width, height] = new Uint32Array(header.buffer) as unknown as [number, number];
    // Limits are the run's, and another run may have held it: then the file is judged by these.
    if (location.length > limits.bytes || width * height > limits.pixels) return null;
    return { width, height };
  }

  /** A box of the image that `heldImage` tells of. */
  heldCrop(image: ImageSize, box: Box): Crop {
    return this.#cut(this.#sample.cache!.decoded, image, box);
  }

  /** The file's bytes, from the nearest that has them. Throws as `readSample`. */
  async read(): Promise<Buffer> {
    const { cache, location } = this.#sample;
    if (cache !== null && cache.file !== none) {
      const bytes = Buffer.allocUnsafeSlow(location.length);
      this.#caches.files!.read(cache.file, 0, location.length, bytes);
      this.#file = bytes;
      return bytes;
    }
    const found = cache?.disk ? await this.#readDisk(cache.disk.path) : null;
    const bytes = found ?? (await readSample(location));
    if (found === null && cache?.disk) this.#store(cache.disk, bytes);
    this.#file = bytes;
    this.#bytes = bytes;
    return bytes;
  }

  /** Decodes a box of the image that `probe` found in the file, and holds the whole image where there is room. Throws as `decodeCrop`. */
  async decode(file: Buffer, image: Header, box: Box): Promise<Crop> {
    const { limits } = this.#sample;
    const chain = this.#roomFor(image);
    if (chain === none) return decodeCrop(file, box, limits, image);
    const arena = this.#caches.decoded!;
    try {
      const { width, height } = image;
      const whole = await decodeCrop(file, { top: 0, left: 0, width, height }, limits, image);
      arena.write(chain, new Uint8Array(Uint32Array.of(width, height).buffer), whole.data);
      whole.release?.();
      this.#report.decoded = chain;
    } catch (error) {
      arena.free(chain);
      if (!(error instanceof TributaryError)) throw error;
      // Damage below the box, or a slow decode, is the box's business only if its own decode says so.
      return decodeCrop(file, box, limits, image);
    }
    return this.#cut(chain, image, box);
  }

  /** What the main thread is to know of the caches; null where there are none. It waits for what is being written, and frees the file. */
  async end(): Promise<CacheReport | null> {
    await this.#storing;
    const report = this.#sample.cache === null ? null : this.#reported(this.#sample.cache);
    // Nobody reads the file after its sample.
    if (this.#file !== null) discard(this.#file);
    this.#file = null;
    this.#bytes = null;
    return report;
  }

  #reported(cache: CacheTask): CacheReport {
    const isDecodedHeld = this.#report.decoded !== null && this.#report.decoded !== none;
    const { files } = this.#caches;
    if (files !== null && this.#bytes !== null && cache.file === none && !isDecodedHeld) {
      const chain = files.allocate(this.#bytes.length);
      if (chain !== none) files.write(chain, this.#bytes);
      this.#report.file = chain;
    }
    return this.#report;
  }

  /** Gives back what nobody will be told of. */
  abandon(): void {
    const { decoded } = this.#report;
    if (decoded !== null && decoded !== none) this.#caches.decoded!.free(decoded);
  }

  #roomFor({ width, height }: ImageSize): number {
    const { decoded } = this.#caches;
    if (decoded === null || this.#sample.cache === null) return none;
    const length = decodedHeader + width * height * 3;
    if (length > decoded.totalBytes / imagesAtLeast) return none;
    const chain = decoded.allocate(length);
    if (chain === none) this.#report.decoded = none;
    return chain;
  }

  #cut(chain: number, image: ImageSize, { top, left, width, height }: Box): Crop {
    const { data, release } = cropBuffer(width * height * 3);
    const stride = image.width * 3;
    const start = decodedHeader + top * stride + left * 3;
    this.#caches.decoded!.read(chain, start, width * 3, data, stride, height);
    return { data, width, height, release };
  }

  async #readDisk(path: string): Promise<Buffer | null> {
    try {
      const found = await readCacheFile(path, this.#sample.location.length);
      this.#report.disk = found.status === 'hit' ? 'hit' : 'miss';
      if (found.status === 'hit') return found.bytes;
      if (found.status === 'damaged') {
        this.#report.damage = found.came;
        await removeCacheFile(path);
      }
    } catch (error) {
      this.#report.disk = 'miss';
      this.#fail(error, false);
    }
    return null;
  }

  #store({ path, mayStore }: { path: string; mayStore: boolean }, bytes: Buffer): void {
    if (!mayStore) return;
    this.#storing = writeCacheFile(path, bytes).then(
      () => {
        this.#report.isStored = true;
      },
      (error) => this.#fail(error, true),
    );
  }

  #fail(error: unknown, isWrite: boolean): void {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    this.#report.failure = { code, message, isWrite };
  }
}
