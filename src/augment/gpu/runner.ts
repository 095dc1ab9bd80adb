import type { GPU, KernelVariable } from 'gpu.js';
import { buildChain, type Chain } from './chain.js';
import { blurWidth } from './gaussian-blur.js';
import { productsWidth, programWidth } from './operation.js';
import { pack, unpack } from './pixels.js';
import { type PhotometricDraw, takesMean, writeSample } from './program.js';

/** The modes of gpu.js that this project runs on. */
export type GpuMode = 'webgpu' | 'webasm' | 'cpu';

/** Pixels of a run at most: what bounds a chain's memory, 36 bytes a pixel, and the latency of one run. */
const pixelsOfRun = 2 ** 21;

/** Chains kept at most, least recently used first out. */
const chainsKept = 4;

/** Runs batches on one gpu.js instance, on the calling thread. */
export interface Runner {
  /** @see Backend.apply; also rejects when gpu.js ran elsewhere than asked. */
  apply(pixels: Uint8Array, size: number, draws: readonly PhotometricDraw[]): Promise<void>;
  /** What ran last, such as `webasm (fused-threaded)`. */
  ran(): string;
  close(): Promise<void>;
}

/** The images of the next run of a batch that has `left` to go: a power of two, so that few shapes are compiled. */
function imagesOfRun(left: number, size: number): number {
  const most = 2 ** Math.floor(Math.log2(Math.max(1, pixelsOfRun / (size * size))));
  return Math.min(most, 2 ** Math.ceil(Math.log2(left)));
}

export function createRunner(
  gpu: GPU,
  input: (value: Float32Array, size: number[]) => KernelVariable,
  mode: GpuMode,
): Runner {
  const chains = new Map<string, Chain>();
  let last = mode as string;

  async function chainOf(images: number, size: number, draws: readonly PhotometricDraw[]): Promise<Chain> {
    const shape = { images, size, means: draws.some(takesMean), blurs: draws.some(({ blur }) => blur !== null) };
    const key = JSON.stringify(shape);
    const chain = chains.get(key) ?? buildChain(gpu, input, shape);
    chains.delete(key);
    chains.set(key, chain);
    if (chains.size > chainsKept) {
      const [oldest, unused] = chains.entries().next().value!;
      chains.delete(oldest);
      await unused.destroy();
    }
    return chain;
  }

  async function run(
    pixels: Uint8Array,
    first: number,
    size: number,
    draws: readonly PhotometricDraw[],
    images: number,
  ) {
    const chain = await chainOf(images, size, draws);
    const { pixels: packed, programs, products, blurs } = chain.arguments;
    pack(pixels, first, draws.length, size, packed);
    programs.fill(0);
    blurs.fill(0);
    for (const [z, draw] of draws.entries())
      writeSample(
        draw,
        {
          program: programs.subarray(z * programWidth, (z + 1) * programWidth),
          products: products.subarray(z * productsWidth, (z + 1) * productsWidth),
        },
        blurs.subarray(z * blurWidth, (z + 1) * blurWidth),
      );
    const result = await chain.run();
    const { mode: ran, executor, fallback } = chain.ran();
    if (ran !== mode || (mode !== 'cpu' && executor === 'generic'))
      throw new Error(
        `gpu.js ran on ${ran} (${executor}) where ${mode} was asked for: ${fallback ?? 'no reason given'}`,
      );
    last = `${ran} (${executor})`;
    unpack(result, pixels, first, draws.length, size);
  }

  return {
    async apply(pixels, size, draws) {
      for (let first = 0; first < draws.length; ) {
        const images = imagesOfRun(draws.length - first, size);
        const some = draws.slice(first, first + images);
        await run(pixels, first, size, some, images);
        first += some.length;
      }
    },
    ran: () => last,
    async close() {
      await Promise.all([...chains.values()].map((chain) => chain.destroy()));
      chains.clear();
      await gpu.destroy();
    },
  };
}
