import type { Crop, ImageSize } from '../decode/crop.js';
import { cropBuffer } from '../decode/crop-buffers.js';
import { decodeCrop } from '../decode/decode-crop.js';
import type { Header } from '../decode/header.js';
import { checkBytes, probe } from '../decode/probe.js';
import { TributaryError } from '../errors.js';
import { type Arena, none } from '../memory/arena.js';
import { discard } from '../memory/discard.js';
import type { Box } from '../sample/draw.js';
import { keptPositions } from '../sources/manifest/positions-file.js';
import type { FileReader, Lookup, SampleFile } from './lookup.js';

/** No image takes more than this part of the cache. */
const imagesAtLeast = 16;

/** Width and height, 32 bits each, stand before a decoded image's pixels. */
const headerBytes = 8;

/** A sample's image, read and not yet decoded, or held decoded. `end` must follow. */
export interface SampleImage {
  /** Throws as `probe`. */
  size(): Promise<ImageSize>;
  /** Throws as `decodeCrop`. */
  crop(box: Box): Promise<Crop>;
  /** Stores what is to be stored, waits for it, and frees the file: nobody reads it after its sample. */
  end(): Promise<void>;
}

/** Opens a sample's image. Throws as `readSample`. */
export type ImageReader = (lookup: Lookup) => Promise<SampleImage>;

/** Cuts out of the decoded images in memory, and puts there whole what it decodes of the next reader's files, where there is room. */
export function decodedReader(arena: Arena, next: FileReader): ImageReader {
  return async (lookup) => {
    checkBytes(lookup.location.length, lookup.limits);
    return heldImage(arena, lookup) ?? fileImage(arena, lookup, await next(lookup));
  };
}

/** An image that is held, and within the task's limits: another run may have held it, and then the file is judged. */
function heldImage(arena: Arena, { whereabouts, limits }: Lookup): SampleImage | null {
  if (whereabouts.in !== 'decoded') return null;
  const { chain } = whereabouts;
  const header = new Uint32Array(headerBytes / 4);
  arena.read(chain, 0, headerBytes, new Uint8Array(header.buffer));
  const [width, height] = header as unknown as [number, number];
  if (width * height > limits.pixels) return null;
  return {
    size: async () => ({ width, height }),
    crop: async (box) => cut(arena, chain, { width, height }, box),
    end: async () => {},
  };
}

function fileImage(arena: Arena, lookup: Lookup, file: SampleFile): SampleImage {
  const { limits, location, news } = lookup;
  const { positions } = location;
  let header: Header | undefined;
  let since: number | undefined;
  const probed = async (): Promise<Header> => {
    since ??= performance.now();
    header ??= await probe(file.bytes, limits);
    return header;
  };
  const decode = (box: Box): Promise<Crop> =>
    decodeCrop(file.bytes, box, limits, header, since, positions && (() => keptPositions(positions)));
  return {
    size: probed,
    async crop(box) {
      const { width, height } = await probed();
      const chain = roomFor(arena, lookup, { width, height });
      if (chain === none) return decode(box);
      try {
        const whole = await decode({ top: 0, left: 0, width, height });
        arena.write(chain, new Uint8Array(Uint32Array.of(width, height).buffer), whole.data);
        whole.give?.();
        news.push({ kind: 'filled', cache: 'decoded', chain });
      } catch (error) {
        arena.give(chain);
        if (!(error instanceof TributaryError)) throw error;
        // Damage below the box, or a slow decode, is the box's business only if its own decode says so.
        return decode(box);
      }
      return cut(arena, chain, { width, height }, box);
    },
    async end() {
      await file.end();
      discard(file.bytes);
    },
  };
}

function roomFor(arena: Arena, { news }: Lookup, { width, height }: ImageSize): number {
  const length = headerBytes + width * height * 3;
  if (length > arena.totalBytes / imagesAtLeast) return none;
  const chain = arena.take(length);
  if (chain === none) news.push({ kind: 'full', cache: 'decoded' });
  return chain;
}

function cut(arena: Arena, chain: number, image: ImageSize, { top, left, width, height }: Box): Crop {
  const { data, give } = cropBuffer(width * height * 3);
  const stride = image.width * 3;
  arena.read(chain, headerBytes + top * stride + left * 3, width * 3, data, stride, height);
  return { data, width, height, give };
}
