import type { GPU, IGPUKernelSettings, IKernelRunShortcut, IPipelineRunShortcut, KernelVariable } from 'gpu.js';
import { columnSumsSource, contrast, contrastTableSource, meanSource } from './contrast.js';
import { blurAcrossSource, blurDownSource, blurWidth, planesSource } from './gaussian-blur.js';
import { hueTable, sectorTable } from './hue.js';
import { productsWidth, programStart, programWidth } from './operation.js';
import { codeOf } from './operations.js';
import { columnsOf, flatten } from './pixels.js';
import { pointSource } from './point.js';

/** What a chain is built for. */
export interface ChainShape {
  /** Images of a run. */
  readonly images: number;
  /** Width and height of an image. */
  readonly size: number;
  /** Whether any sample takes the mean, and whether any blurs: a stage that nobody needs is not built. */
  readonly means: boolean;
  readonly blurs: boolean;
}

/** The arguments of a run: the only memory that differs from run to run, reused between them. */
export interface ChainArguments {
  /** `[images, size, columns]`, packed. */
  readonly pixels: Float32Array;
  /** `[images, 16]`. */
  readonly programs: Float32Array;
  /** `[images, 1024]`. */
  readonly products: Float32Array;
  /** `[images, 17]`. */
  readonly blurs: Float32Array;
}

/** The kernels of one shape, joined into one gpu.js pipeline: one upload, one readback, nothing in between. */
export interface Chain {
  readonly arguments: ChainArguments;
  /** Runs the chain over `arguments` and gives the packed result. */
  run(): Promise<Float32Array>;
  /** The mode and the executor that ran last, as gpu.js reports them, and why it fell back, if it did. */
  ran(): { readonly mode: string | null; readonly executor: string; readonly fallback: string | null };
  destroy(): Promise<void>;
}

type InputOf = (value: Float32Array, size: number[]) => KernelVariable;

/** Builds the chain of one shape. Nothing compiles before the first run. */
export function buildChain(gpu: GPU, input: InputOf, { images, size, means, blurs }: ChainShape): Chain {
  const columns = columnsOf(size);
  const count = size * size;
  const image = [columns, size, images];
  const planes = [columns, size, images * 3];
  const kernel = (source: string, output: number[], constants: Record<string, number> = {}) => {
    const settings: IGPUKernelSettings & { loopMaxIterations: number } = { output, constants, loopMaxIterations: 4096 };
    return gpu.createKernel(source, settings);
  };
  const point = kernel(pointSource, image);
  const stages = means
    ? {
        columnSums: kernel(columnSumsSource(codeOf(contrast)), [columns, images], { size }),
        mean: kernel(meanSource, [images], { size, countHigh: Math.floor(count / 1024), countLow: count % 1024 }),
        contrastTable: kernel(contrastTableSource, [256, images]),
      }
    : undefined;
  const blur = blurs
    ? {
        planes: kernel(planesSource, planes),
        across: kernel(blurAcrossSource, planes, { last: size - 1 }),
        down: kernel(blurDownSource, image, { last: size - 1 }),
      }
    : undefined;
  const call = (run: IKernelRunShortcut, ...values: KernelVariable[]) => run(...values) as KernelVariable;
  const pipeline: IPipelineRunShortcut = gpu.createPipeline(
    (pixels: KernelVariable, programs: KernelVariable, products: KernelVariable, weights: KernelVariable) => {
      const pass = (from: KernelVariable, contrasts: KernelVariable, start: number) =>
        call(point, from, programs, products, contrasts, hueTable, sectorTable, start);
      let result = pass(pixels, products, programStart.before);
      if (stages) {
        const mean = call(stages.mean, call(stages.columnSums, result, programs));
        result = pass(result, call(stages.contrastTable, mean, products), programStart.after);
      }
      if (blur) {
        const across = call(blur.across, call(blur.planes, result, weights), weights);
        result = call(blur.down, result, across, weights);
      }
      return result;
    },
  );
  const args: ChainArguments = {
    pixels: new Float32Array(columns * size * images),
    programs: new Float32Array(programWidth * images),
    products: new Float32Array(productsWidth * images),
    blurs: new Float32Array(blurWidth * images),
  };
  const inputs = [
    input(args.pixels, image),
    input(args.programs, [programWidth, images]),
    input(args.products, [productsWidth, images]),
    input(args.blurs, [blurWidth, images]),
  ];
  return {
    arguments: args,
    async run() {
      return flatten((await pipeline(...inputs)) as unknown as Float32Array[][], args.pixels.length);
    },
    ran: () => ({ mode: pipeline.backend, executor: pipeline.executorKind, fallback: pipeline.fallbackReason }),
    destroy: () => pipeline.destroy(),
  };
}
