import type { GPU, IGPUKernelSettings, IKernelRunShortcut, IPipelineRunShortcut, KernelVariable } from 'gpu.js';
import { argumentFields, type Cargo, fieldLengths, rowsOfCrops } from '../cargo.js';
import { columnsOf } from '../simd/packed.js';
import { blurAcrossSource, blurDownSource, blurWidth, planesSource } from './blur-kernel.js';
import { movementOf } from './cargo-movement.js';
import { flatten } from './flatten.js';
import { hueTable, sectorTable } from './hue-tables.js';
import { columnSumsSource, contrastTableSource, meanSource } from './mean.js';
import { moveBy } from './moved-executor.js';
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
  /** Pixels of the crops for each pixel of the results, where the chain begins with the resize; 0 where images come resized. */
  readonly crops: number;
}

/** The kernels of one shape, joined into one gpu.js pipeline: one upload, one readback, nothing in between. */
export interface Chain {
  readonly shape: ChainShape;
  /** Runs the chain over the images of a cargo, into its results. The cargo must not change before it has. */
  run(cargo: Cargo): Promise<void>;
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

/**
 * Builds the chain of one shape. Nothing compiles before the first run.
 *
 * @param isMoved whether the executor is moved-executor.ts': then bytes go straight between cargo and device.
 */
export function buildChain(gpu: GPU, inputOf: InputOf, shape: ChainShape, isMoved: boolean): Chain {
  const { images, size, means, blurs, crops } = shape;
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
          across: kernel(resizeAcrossSource, [columns, rowsOfCrops(images, size, crops)], { last: size - 1 }),
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
  const lengths = fieldLengths({ images, size, kind: crops > 0 ? 'crops' : 'images' }, crops);
  const dimensions: Readonly<Record<(typeof argumentFields)[number], number[]>> = {
    programs: [programWidth, images],
    products: [productsWidth, images],
    blurs: [blurWidth, images],
    pixels: resize ? [lengths.pixels] : image,
    rows: [2, rowsOfCrops(images, size, crops)],
    samples: [sampleWidth, images + 1],
    starts: [size, 2 * images],
    weights: [lengths.weights],
  };
  const fields = argumentFields.slice(0, resize ? 8 : 4);
  // Of what is moved straight to the device nobody touches these, and so the system gives them no pages.
  const values = fields.map((field) => withoutCopy(new Float32Array(lengths[field])));
  const inputs = fields.map((field, i) => inputOf(values[i]!, dimensions[field]));
  return {
    shape,
    async run(cargo) {
      const { put, resultLength, take } = movementOf(cargo, fields);
      if (isMoved) {
        moveBy(values[0]!, { put, resultLength, take });
        await pipeline(...inputs);
        return;
      }
      for (const [i, value] of values.entries()) put(i, value);
      take(
        flatten((await pipeline(...inputs)) as unknown as Float32Array[][], lengths.results).subarray(0, resultLength),
      );
    },
    ran: () => ({ mode: pipeline.backend, executor: pipeline.executorKind, fallback: pipeline.fallbackReason }),
    destroy: () => pipeline.destroy(),
  };
}
