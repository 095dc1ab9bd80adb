import type { GPU, KernelVariable } from 'gpu.js';
import { LRUCache } from 'lru-cache';
import type { Backend, CropPart, Part } from '../backend.js';
import { cropFactor, cursorOf, type DeviceCrops, imagesOfRun, pixelsOf } from '../device-crops.js';
import { blurWidth } from './blur-kernel.js';
import { buildChain, type Chain, type ChainShape } from './chain.js';
import { writeCropTables } from './crop-tables.js';
import { columnsOf, pack, unpack } from './pixels.js';
import { productsWidth, programOf, programWidth, writeSample } from './step-program.js';

/** The modes of gpu.js that this project runs on. */
export type GpuMode = 'webgpu' | 'webasm' | 'cpu';

/** Chains kept at most for each track. */
const chainsKept = 4;

type Lane = LRUCache<string, Chain>;

/** Runs batches on one gpu.js instance, on the calling thread. */
export interface Runner {
  /** Batches that may be under way at a time. On a track of its own, one batch is uploaded while another is read back. */
  readonly tracks: number;
  /** Also rejects when gpu.js ran elsewhere than asked. */
  readonly apply: Backend['apply'];
  /** What ran last, such as `webasm (fused-threaded)`. */
  ran(): string;
  close(): Promise<void>;
}

export function createRunner(
  gpu: GPU,
  input: (value: Float32Array, size: number[]) => KernelVariable,
  mode: GpuMode,
): Runner {
  // gpu.js's threads and plain JavaScript have nothing to overlap with
  const ending: Promise<void>[] = [];
  const tracks = Array.from(
    { length: mode === 'webgpu' ? 2 : 1 },
    (): Lane => new LRUCache({ max: chainsKept, dispose: (chain) => void ending.push(chain.destroy()) }),
  );
  const free = [...tracks];
  let last = mode as string;

  /**
   * The chain of a shape, or one at hand that does more than is asked, for compiling takes longer than a few empty stages and
   * images.
   */
  async function chainOf(track: Lane, shape: ChainShape): Promise<Chain> {
    const exact = JSON.stringify(shape);
    const key = track.has(exact) ? exact : [...track].find(([, { shape: built }]) => covers(built, shape))?.[0];
    if (key !== undefined) return track.get(key)!;
    const chain = buildChain(gpu, input, shape);
    track.set(exact, chain);
    await Promise.all(ending.splice(0));
    return chain;
  }

  /** Runs `parts`; `begin` writes where the chain begins, and gives the crops where it begins with the resize. */
  async function run(
    track: Lane,
    pixels: Uint8Array,
    size: number,
    parts: readonly Part[],
    shape: Pick<ChainShape, 'images' | 'crops'>,
    begin: (chain: Chain) => Float32Array | undefined,
  ): Promise<void> {
    const samples = parts.map(({ steps }) => programOf(steps)!);
    const chain = await chainOf(track, {
      ...shape,
      size,
      means: Math.max(...samples.map(({ lists }) => lists.length - 1)),
      blurs: samples.some(({ blur }) => blur !== null),
    });
    const { programs, products, blurs } = chain.arguments;
    programs.fill(0);
    blurs.fill(0);
    for (const [z, sample] of samples.entries())
      writeSample(sample, {
        program: programs.subarray(z * programWidth, (z + 1) * programWidth),
        products: products.subarray(z * productsWidth, (z + 1) * productsWidth),
        blur: blurs.subarray(z * blurWidth, (z + 1) * blurWidth),
      });
    const result = await chain.run(begin(chain));
    const { mode: ran, executor, fallback } = chain.ran();
    if (ran !== mode || (mode !== 'cpu' && executor === 'generic'))
      throw new Error(
        `gpu.js ran on ${ran} (${executor}) where ${mode} was asked for: ${fallback ?? 'no reason given'}`,
      );
    last = `${ran} (${executor})`;
    const packed = columnsOf(size) * size;
    for (const [z, { slot }] of parts.entries())
      unpack(result.subarray(z * packed, (z + 1) * packed), size, image(pixels, slot, size));
  }

  async function runResized(track: Lane, pixels: Uint8Array, size: number, parts: readonly Part[]) {
    const packed = columnsOf(size) * size;
    for (let first = 0; first < parts.length; ) {
      const images = imagesOfRun(parts.length - first, size);
      const some = parts.slice(first, first + images);
      await run(track, pixels, size, some, { images, crops: 0 }, (chain) => {
        for (const [z, { slot }] of some.entries())
          pack(image(pixels, slot, size), size, chain.arguments.pixels.subarray(z * packed, (z + 1) * packed));
        return undefined;
      });
      first += some.length;
    }
  }

  async function runCrops(
    track: Lane,
    pixels: Uint8Array,
    size: number,
    parts: readonly CropPart[],
    lent: DeviceCrops,
  ) {
    if (parts.length === 0) return;
    const { images } = lent;
    // one of four sizes of upload, so that few shapes are compiled
    const claimed = Math.ceil(Atomics.load(cursorOf(lent), 0) / (images * size * size));
    const crops = Math.min(cropFactor, Math.max(1, claimed));
    await run(track, pixels, size, parts, { images, crops }, (chain) => {
      writeCropTables(size, parts, chain.arguments.tables!);
      return pixelsOf(lent).subarray(0, crops * images * size * size);
    });
  }

  return {
    tracks: tracks.length,
    async apply(pixels, size, parts, lent = [], crops = []) {
      const track = free.pop();
      if (!track) throw new Error(`more than ${tracks.length} batches at a time`);
      try {
        for (const [i, run] of lent.entries()) {
          const some = crops.filter(({ slot }) => Math.floor(slot / run.images) === i);
          await runCrops(track, pixels, size, some, run);
        }
        await runResized(track, pixels, size, parts);
      } finally {
        free.push(track);
      }
    },
    ran: () => last,
    async close() {
      for (const track of tracks) track.clear();
      await Promise.all(ending.splice(0));
      await gpu.destroy();
    },
  };
}

/** Whether a chain runs what another would, on at most twice as many images. */
function covers(chain: ChainShape, asked: ChainShape): boolean {
  return (
    chain.size === asked.size &&
    chain.crops === asked.crops &&
    (chain.images === asked.images || (asked.crops === 0 && chain.images === 2 * asked.images)) &&
    chain.means >= asked.means &&
    (chain.blurs || !asked.blurs)
  );
}

function image(pixels: Uint8Array, slot: number, size: number): Uint8Array {
  return pixels.subarray(slot * size * size * 3, (slot + 1) * size * size * 3);
}
