import type { GPU, IGPUKernelSettings, IKernelRunShortcut, IPipelineRunShortcut, KernelVariable } from 'gpu.js';
import { blurAcrossSource, blurDownSource, blurWidth, planesSource } from './blur-kernel.js';
import { type CropTables, createCropTables, rowsOfRun } from './crop-tables.js';
import { hueTable, sectorTable } from './hue-tables.js';
import { columnSumsSource, contrastTableSource, meanSource } from './mean.js';
import { columnsOf, flatten } from './pixels.js';
import { pointSource } from './point.js';
import { resizeAcrossSource, resizeDownSource, sampleWidth } from './resize-kernel.js';
import { productsWidth, programWidth, startOfList } from './step-program.js';

/** What a chain is built for. */
export interface ChainShape {
  /** Images of a run. */
  readonly images: number;
  /** Width and height of an image. */
  readonly size: number;
  /** Means that a sample takes at most, and whether any blurs: a stage that nobody needs is not built. */
  readonly means: number;
  readonly blurs: boolean;
  /**
   * Pixels of the crops for each pixel of the results, where the chain begins with the resize; 0 where the samples come
   * resized.
   */
  readonly crops: number;
}

/** The arguments of a run: the only memory that differs from run to run, reused between them. */
interface ChainArguments {
  /** `[images, size, columns]`, packed; empty where the chain begins with the resize. */
  readonly pixels: Float32Array;
  /** Null where the samples come resized. */
  readonly tables: CropTables | null;
  /** `[images, programWidth]`. */
  readonly programs: Float32Array;
  /** `[images, productsWidth]`. */
  readonly products: Float32Array;
  /** `[images, blurWidth]`. */
  readonly blurs: Float32Array;
}

/** The kernels of one shape, joined into one gpu.js pipeline: one upload, one readback, nothing in between. */
export interface Chain {
  readonly shape: ChainShape;
  readonly arguments: ChainArguments;
  /**
   * Runs the chain over `arguments` and gives the packed result. Neither `arguments` nor `crops` may change before it has.
   *
   * @param crops `crops * images * size * size` pixels, where the chain begins with the resize.
   */
  run(crops?: Float32Array): Promise<Float32Array>;
  /** The mode and the executor that ran last, as gpu.js reports them, and why it fell back, if it did. */
  ran(): { readonly mode: string | null; readonly executor: string; readonly fallback: string | null };
  destroy(): Promise<void>;
}

/**
 * gpu.js copies its arguments when it is called, into memory fresh each time, so that a caller may change them before they
 * are read. Nobody changes these before the run has ended, and the copy costs more than the upload: so it is spared.
 */
function withoutCopy(values: Float32Array): Float32Array {
  return Object.defineProperty(values, 'slice', { value: () => values });
}

type InputOf = (value: Float32Array, size: number[]) => KernelVariable;

/** Builds the chain of one shape. Nothing compiles before the first run. */
export function buildChain(gpu: GPU, inputOf: InputOf, shape: ChainShape): Chain {
  const { images, size, means, blurs, crops } = shape;
  const input: InputOf = (value, dimensions) => inputOf(withoutCopy(value), dimensions);
  const columns = columnsOf(size);
  const count = size * size;
  const image = [columns, size, images];
  const planes = [columns, size, images * 3];
  const kernel = (source: string, output: number[], constants: Record<string, number> = {}) => {
    const settings: IGPUKernelSettings & { loopMaxIterations: number } = { output, constants, loopMaxIterations: 4096 };
    return gpu.createKernel(source, settings);
  };
  const resize =
    crops > 0
      ? {
          across: kernel(resizeAcrossSource, [columns, rowsOfRun(images, size, crops)], { last: size - 1 }),
          down: kernel(resizeDownSource, image),
        }
      : undefined;
  const point = kernel(pointSource, image);
  const columnSums = kernel(columnSumsSource, [columns, images], { size });
  const mean = kernel(meanSource, [images], {
    size,
    countHigh: Math.floor(count / 1024),
    countLow: count % 1024,
  });
  const contrastTable = kernel(contrastTableSource, [256, images]);
  const blur = blurs
    ? {
        planes: kernel(planesSource, planes),
        across: kernel(blurAcrossSource, planes, { last: size - 1 }),
        down: kernel(blurDownSource, image, { last: size - 1 }),
      }
    : undefined;
  const call = (run: IKernelRunShortcut, ...values: KernelVariable[]) => run(...values) as KernelVariable;
  const after = (
    first: KernelVariable,
    programs: KernelVariable,
    products: KernelVariable,
    weights: KernelVariable,
  ) => {
    const pass = (from: KernelVariable, contrasts: KernelVariable, start: number) =>
      call(point, from, programs, products, contrasts, hueTable, sectorTable, start);
    let result = pass(first, products, startOfList(0));
    for (let list = 1; list <= means; list++) {
      const start = startOfList(list);
      const level = call(mean, call(columnSums, result, programs, start));
      result = pass(result, call(contrastTable, level, products, programs, start), start);
    }
    if (blur) {
      const across = call(blur.across, call(blur.planes, result, weights), weights);
      result = call(blur.down, result, across, weights);
    }
    return result;
  };
  // gpu.js counts the parameters, so the two have each their own
  const pipeline: IPipelineRunShortcut = resize
    ? gpu.createPipeline(
        (
          programs: KernelVariable,
          products: KernelVariable,
          blurs: KernelVariable,
          pixels: KernelVariable,
          rows: KernelVariable,
          samples: KernelVariable,
          starts: KernelVariable,
          weights: KernelVariable,
        ) => {
          const across = call(resize.across, pixels, rows, samples, starts, weights);
          return after(call(resize.down, across, samples, starts, weights), programs, products, blurs);
        },
      )
    : gpu.createPipeline(
        (programs: KernelVariable, products: KernelVariable, blurs: KernelVariable, pixels: KernelVariable) =>
          after(pixels, programs, products, blurs),
      );
  const length = columns * size * images;
  const tables = resize ? createCropTables(images, size, crops) : null;
  const args: ChainArguments = {
    pixels: new Float32Array(resize ? 0 : length),
    tables,
    programs: new Float32Array(programWidth * images),
    products: new Float32Array(productsWidth * images),
    blurs: new Float32Array(blurWidth * images),
  };
  const inputs = [
    input(args.programs, [programWidth, images]),
    input(args.products, [productsWidth, images]),
    input(args.blurs, [blurWidth, images]),
  ];
  const packed = resize ? null : input(args.pixels, image);
  const tableInputs = tables
    ? [
        input(tables.rows, [2, rowsOfRun(images, size, crops)]),
        input(tables.samples, [sampleWidth, images + 1]),
        input(tables.starts, [size, 2 * images]),
        input(tables.weights, [tables.weights.length]),
      ]
    : [];
  return {
    shape,
    arguments: args,
    async run(pixels) {
      const source = packed ?? input(pixels!, [pixels!.length]);
      return flatten((await pipeline(...inputs, source, ...tableInputs)) as unknown as Float32Array[][], length);
    },
    ran: () => ({ mode: pipeline.backend, executor: pipeline.executorKind, fallback: pipeline.fallbackReason }),
    destroy: () => pipeline.destroy(),
  };
}
