import type { GPU, KernelVariable } from 'gpu.js';
import { type CropMemory, cropFactor, cursorOf, imagesOfRun, type PlacedCrop, pixelsOf } from '../crop-memory.js';
import { buildChain, type Chain, type ChainShape } from './chain.js';
import { type GeometricDraw, writeCropTables } from './crop-tables.js';
import { blurWidth } from './gaussian-blur.js';
import { productsWidth, programWidth } from './operation.js';
import { columnsOf, pack, unpack } from './pixels.js';
import { type PhotometricDraw, takesMean, writeSample } from './program.js';

/** The modes of gpu.js that this project runs on. */
export type GpuMode = 'webgpu' | 'webasm' | 'cpu';

/** Chains kept at most for each lane, least recently used first out. */
const chainsKept = 4;

/** The part of a draw that a run acts on. */
export type RunnerDraw = PhotometricDraw & GeometricDraw;

/** The crops of a batch: the memories of its runs, in order, and where each sample's crop lies; null where it has none. */
export interface BatchCrops {
  readonly memories: readonly CropMemory[];
  readonly placed: readonly (PlacedCrop | null)[];
}

/** Runs batches on one gpu.js instance, on the calling thread. */
export interface Runner {
  /** Batches that may be under way at a time. On a lane of its own, one batch is uploaded while another is read back. */
  readonly lanes: number;
  /** @see Backend.apply; also rejects when gpu.js ran elsewhere than asked. */
  apply(pixels: Uint8Array, size: number, draws: readonly PhotometricDraw[]): Promise<void>;
  /** @see CropTaker.apply */
  applyCrops(pixels: Uint8Array, size: number, draws: readonly RunnerDraw[], crops: BatchCrops): Promise<void>;
  /** What ran last, such as `webasm (fused-threaded)`. */
  ran(): string;
  close(): Promise<void>;
}

/** One sample of a run: its place in the batch, and what was drawn for it. */
interface Member<D> {
  readonly slot: number;
  readonly draw: D;
}

export function createRunner(
  gpu: GPU,
  input: (value: Float32Array, size: number[]) => KernelVariable,
  mode: GpuMode,
): Runner {
  // gpu.js's threads and plain JavaScript have nothing to overlap with
  const lanes = Array.from({ length: mode === 'webgpu' ? 2 : 1 }, () => new Map<string, Chain>());
  const free = [...lanes];
  let last = mode as string;

  async function chainOf(lane: Map<string, Chain>, shape: ChainShape): Promise<Chain> {
    const key = JSON.stringify(shape);
    const chain = lane.get(key) ?? buildChain(gpu, input, shape);
    lane.delete(key);
    lane.set(key, chain);
    if (lane.size > chainsKept) {
      const [oldest, unused] = lane.entries().next().value!;
      lane.delete(oldest);
      await unused.destroy();
    }
    return chain;
  }

  /** Runs `members`; `begin` writes where the chain begins, and gives the crops where it begins with the resize. */
  async function run(
    lane: Map<string, Chain>,
    pixels: Uint8Array,
    size: number,
    members: readonly Member<PhotometricDraw>[],
    shape: Pick<ChainShape, 'images' | 'crops'>,
    begin: (chain: Chain) => Float32Array | undefined,
  ): Promise<void> {
    const chain = await chainOf(lane, {
      ...shape,
      size,
      means: members.some(({ draw }) => takesMean(draw)),
      blurs: members.some(({ draw }) => draw.blur !== null),
    });
    const { programs, products, blurs } = chain.arguments;
    programs.fill(0);
    blurs.fill(0);
    for (const [z, { draw }] of members.entries())
      writeSample(
        draw,
        {
          program: programs.subarray(z * programWidth, (z + 1) * programWidth),
          products: products.subarray(z * productsWidth, (z + 1) * productsWidth),
        },
        blurs.subarray(z * blurWidth, (z + 1) * blurWidth),
      );
    const result = await chain.run(begin(chain));
    const { mode: ran, executor, fallback } = chain.ran();
    if (ran !== mode || (mode !== 'cpu' && executor === 'generic'))
      throw new Error(
        `gpu.js ran on ${ran} (${executor}) where ${mode} was asked for: ${fallback ?? 'no reason given'}`,
      );
    last = `${ran} (${executor})`;
    const packed = columnsOf(size) * size;
    for (const [z, { slot }] of members.entries())
      unpack(result.subarray(z * packed, (z + 1) * packed), size, image(pixels, slot, size));
  }

  async function runResized(
    lane: Map<string, Chain>,
    pixels: Uint8Array,
    size: number,
    members: readonly Member<PhotometricDraw>[],
  ) {
    const packed = columnsOf(size) * size;
    for (let first = 0; first < members.length; ) {
      const images = imagesOfRun(members.length - first, size);
      const some = members.slice(first, first + images);
      await run(lane, pixels, size, some, { images, crops: 0 }, (chain) => {
        for (const [z, { slot }] of some.entries())
          pack(image(pixels, slot, size), size, chain.arguments.pixels.subarray(z * packed, (z + 1) * packed));
        return undefined;
      });
      first += some.length;
    }
  }

  async function runCrops(
    lane: Map<string, Chain>,
    pixels: Uint8Array,
    size: number,
    members: readonly Member<RunnerDraw>[],
    memory: CropMemory,
    placed: readonly (PlacedCrop | null)[],
  ) {
    if (members.length === 0) return;
    const { images } = memory;
    // one of four sizes of upload, so that few shapes are compiled
    const claimed = Math.ceil(Atomics.load(cursorOf(memory), 0) / (images * size * size));
    const crops = Math.min(cropFactor, Math.max(1, claimed));
    await run(lane, pixels, size, members, { images, crops }, (chain) => {
      writeCropTables(
        size,
        members.map(({ draw }) => draw),
        members.map(({ slot }) => placed[slot]!),
        chain.arguments.tables!,
      );
      return pixelsOf(memory).subarray(0, crops * images * size * size);
    });
  }

  async function inLane(work: (lane: Map<string, Chain>) => Promise<void>): Promise<void> {
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
    apply: (pixels, size, draws) => inLane((lane) => runResized(lane, pixels, size, membersOf(draws))),
    applyCrops: (pixels, size, draws, { memories, placed }) =>
      inLane(async (lane) => {
        const members = membersOf(draws);
        const most = memories[0]?.images ?? 1;
        for (const [i, memory] of memories.entries()) {
          const some = members.slice(i * most, (i + 1) * most).filter(({ slot }) => placed[slot]);
          await runCrops(lane, pixels, size, some, memory, placed);
        }
        await runResized(
          lane,
          pixels,
          size,
          members.filter(({ slot }) => !placed[slot]),
        );
      }),
    ran: () => last,
    async close() {
      await Promise.all(lanes.flatMap((lane) => [...lane.values()].map((chain) => chain.destroy())));
      for (const lane of lanes) lane.clear();
      await gpu.destroy();
    },
  };
}

function membersOf<D>(draws: readonly D[]): Member<D>[] {
  return draws.map((draw, slot) => ({ slot, draw }));
}

function image(pixels: Uint8Array, slot: number, size: number): Uint8Array {
  return pixels.subarray(slot * size * size * 3, (slot + 1) * size * size * 3);
}
