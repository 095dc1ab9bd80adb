import type { GPU, KernelVariable } from 'gpu.js';
import { LRUCache } from 'lru-cache';
import type { CropPart, Part } from '../backend.js';
import { type CropMemory, cropFactor, cursorOf, imagesOfRun, pixelsOf } from '../crop-memory.js';
import { buildChain, type Chain, type ChainShape } from './chain.js';
import { writeCropTables } from './crop-tables.js';
import { blurWidth } from './gaussian-blur.js';
import { columnsOf, pack, unpack } from './pixels.js';
import { productsWidth, programWidth, stagesOf, writeSample } from './program.js';

/** The modes of gpu.js that this project runs on. */
export type GpuMode = 'webgpu' | 'webasm' | 'cpu';

/** Chains kept at most for each lane. */
const chainsKept = 4;

type Lane = LRUCache<string, Chain>;

/** Runs batches on one gpu.js instance, on the calling thread. */
export interface Runner {
  /** Batches that may be under way at a time. On a lane of its own, one batch is uploaded while another is read back. */
  readonly lanes: number;
  /** @see CropTaker.apply, and Backend.apply without crops; also rejects when gpu.js ran elsewhere than asked. */
  apply(
    pixels: Uint8Array,
    size: number,
    parts: readonly Part[],
    memories?: readonly CropMemory[],
    crops?: readonly CropPart[],
  ): Promise<void>;
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
  const lanes = Array.from(
    { length: mode === 'webgpu' ? 2 : 1 },
    (): Lane => new LRUCache({ max: chainsKept, dispose: (chain) => void ending.push(chain.destroy()) }),
  );
  const free = [...lanes];
  let last = mode as string;

  /**
   * The chain of a shape, or one at hand that does more than is asked, for compiling takes longer than a few empty stages and
   * images.
   */
  async function chainOf(lane: Lane, shape: ChainShape): Promise<Chain> {
    const exact = JSON.stringify(shape);
    const key = lane.has(exact) ? exact : [...lane].find(([, { shape: built }]) => covers(built, shape))?.[0];
    if (key !== undefined) return lane.get(key)!;
    const chain = buildChain(gpu, input, shape);
    lane.set(exact, chain);
    await Promise.all(ending.splice(0));
    return chain;
  }

  /** Runs `parts`; `begin` writes where the chain begins, and gives the crops where it begins with the resize. */
  async function run(
    lane: Lane,
    pixels: Uint8Array,
    size: number,
    parts: readonly Part[],
    shape: Pick<ChainShape, 'images' | 'crops'>,
    begin: (chain: Chain) => Float32Array | undefined,
  ): Promise<void> {
    const stages = parts.map(({ steps }) => stagesOf(steps));
    const chain = await chainOf(lane, {
      ...shape,
      size,
      means: Math.max(...stages.map(({ means }) => means)),
      blurs: stages.some(({ blurs }) => blurs),
    });
    const { programs, products, blurs } = chain.arguments;
    programs.fill(0);
    blurs.fill(0);
    for (const [z, { steps }] of parts.entries())
      writeSample(steps, {
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

  async function runResized(lane: Lane, pixels: Uint8Array, size: number, parts: readonly Part[]) {
    const packed = columnsOf(size) * size;
    for (let first = 0; first < parts.length; ) {
      const images = imagesOfRun(parts.length - first, size);
      const some = parts.slice(first, first + images);
      await run(lane, pixels, size, some, { images, crops: 0 }, (chain) => {
        for (const [z, { slot }] of some.entries())
          pack(image(pixels, slot, size), size, chain.arguments.pixels.subarray(z * packed, (z + 1) * packed));
        return undefined;
      });
      first += some.length;
    }
  }

  async function runCrops(
    lane: Lane,
    pixels: Uint8Array,
    size: number,
    parts: readonly CropPart[],
    memory: CropMemory,
  ) {
    if (parts.length === 0) return;
    const { images } = memory;
    // one of four sizes of upload, so that few shapes are compiled
    const claimed = Math.ceil(Atomics.load(cursorOf(memory), 0) / (images * size * size));
    const crops = Math.min(cropFactor, Math.max(1, claimed));
    await run(lane, pixels, size, parts, { images, crops }, (chain) => {
      writeCropTables(size, parts, chain.arguments.tables!);
      return pixelsOf(memory).subarray(0, crops * images * size * size);
    });
  }

  async function inLane(work: (lane: Lane) => Promise<void>): Promise<void> {
    const lane = free.pop();
    if (!lane) throw new Error(`more than ${lanes.length} batches at a time`);
    try {
      await work(lane);
    } finally {
      free.push(lane);
    }
  }

  return {
    lanes: lanes.length,
    apply: (pixels, size, parts, memories = [], crops = []) =>
      inLane(async (lane) => {
        for (const [i, memory] of memories.entries()) {
          const some = crops.filter(({ slot }) => Math.floor(slot / memory.images) === i);
          await runCrops(lane, pixels, size, some, memory);
        }
        await runResized(lane, pixels, size, parts);
      }),
    ran: () => last,
    async close() {
      for (const lane of lanes) lane.clear();
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
