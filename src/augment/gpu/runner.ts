import type { GPU, KernelVariable } from 'gpu.js';
import { LRUCache } from 'lru-cache';
import { type Cargo, cropFactor, cropPixelsIn, imagesIn } from '../cargo.js';
import type { CargoWork } from '../device.js';
import { buildChain, type Chain, type ChainShape } from './chain.js';

/** The modes of gpu.js that this project runs on. */
export type GpuMode = 'webgpu' | 'webasm' | 'cpu';

/** Chains kept at most for each lane: of two sizes, with crops and without. */
const chainsKept = 6;

/** Room for crops comes in halves, so that few shapes are compiled. */
const cropSteps = [cropFactor / 2, cropFactor] as const;

type Lane = LRUCache<string, Chain>;

/** Runs cargos on one gpu.js instance, on the calling thread. */
export interface Runner {
  /** Cargos under way at a time: on a lane of its own, one is uploaded while another is computed or read back. */
  readonly lanes: number;
  /**
   * Runs a cargo when a lane is free, those that wait in their order. Rejects when gpu.js ran elsewhere than asked.
   *
   * @param work what its samples need at most.
   */
  run(cargo: Cargo, work: CargoWork): Promise<void>;
  /** What ran last, such as `webasm (fused-threaded)`. */
  ran(): string;
  /** Frees the instance once the cargos that it has been given are done. */
  close(): Promise<void>;
}

export function createRunner(
  gpu: GPU,
  input: (value: Float32Array, size: number[]) => KernelVariable,
  mode: GpuMode,
): Runner {
  const isMoved = mode === 'webgpu';
  const ending: Promise<void>[] = [];
  // gpu.js's threads and plain JavaScript have nothing to overlap with
  const lanes = Array.from(
    { length: isMoved ? 2 : 1 },
    (): Lane => new LRUCache({ max: chainsKept, dispose: (chain) => void ending.push(chain.destroy()) }),
  );
  const free = [...lanes];
  const waiting: ((lane: Lane) => void)[] = [];
  const running = new Set<Promise<void>>();
  let last = mode as string;

  /** The chain of a shape, or one at hand that does more: compiling takes longer than a few empty stages and images. */
  async function chainOf(lane: Lane, shape: ChainShape): Promise<Chain> {
    const exact = JSON.stringify(shape);
    const key = lane.has(exact) ? exact : [...lane].find(([, { shape: built }]) => covers(built, shape))?.[0];
    if (key !== undefined) return lane.get(key)!;
    const chain = buildChain(gpu, input, shape, isMoved);
    lane.set(exact, chain);
    await Promise.all(ending.splice(0));
    return chain;
  }

  /** Whether a chain runs what another would: on a GPU images that are not there cost nothing, elsewhere they are worked on. */
  function covers(chain: ChainShape, asked: ChainShape): boolean {
    const mostImages = asked.crops > 0 ? asked.images : isMoved ? Number.POSITIVE_INFINITY : 2 * asked.images;
    return (
      chain.size === asked.size &&
      chain.crops === asked.crops &&
      chain.images >= asked.images &&
      chain.images <= mostImages &&
      chain.means >= asked.means &&
      (chain.blurs || !asked.blurs)
    );
  }

  async function runOn(lane: Lane, cargo: Cargo, work: CargoWork): Promise<void> {
    const { size, kind } = cargo;
    const factor = cropPixelsIn(cargo) / (cargo.images * size * size);
    const chain = await chainOf(lane, {
      images: kind === 'crops' ? cargo.images : 2 ** Math.ceil(Math.log2(imagesIn(cargo))),
      crops: kind === 'crops' ? cropSteps.find((step) => factor <= step)! : 0,
      size,
      ...work,
    });
    await chain.run(cargo);
    const { mode: ran, executor, fallback } = chain.ran();
    if (ran !== mode || (mode !== 'cpu' && executor === 'generic'))
      throw new Error(
        `gpu.js ran on ${ran} (${executor}) where ${mode} was asked for: ${fallback ?? 'no reason given'}`,
      );
    last = `${ran} (${executor})`;
  }

  async function runInTurn(cargo: Cargo, work: CargoWork): Promise<void> {
    const lane = free.pop() ?? (await new Promise<Lane>((resolve) => waiting.push(resolve)));
    try {
      await runOn(lane, cargo, work);
    } finally {
      const next = waiting.shift();
      if (next) next(lane);
      else free.push(lane);
    }
  }

  return {
    lanes: lanes.length,
    async run(cargo, work) {
      const run = runInTurn(cargo, work);
      running.add(run);
      try {
        await run;
      } finally {
        running.delete(run);
      }
    },
    ran: () => last,
    async close() {
      await Promise.allSettled(running);
      for (const lane of lanes) lane.clear();
      await Promise.all(ending.splice(0));
      await gpu.destroy();
    },
  };
}
