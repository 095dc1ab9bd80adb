import { type argumentFields, type Cargo, cropPixelsIn, fieldsOf, imagesIn } from '../cargo.js';
import { columnsOf } from '../simd/packed.js';
import { blurWidth } from './blur-kernel.js';
import { writeUnusedRows } from './crop-tables.js';
import type { Movement } from './moved-executor.js';
import { sampleWidth } from './resize-kernel.js';
import { productsWidth, programWidth } from './step-program.js';

/**
 * How a cargo goes to a device that has room for more, and its results come back: the used part of every field, and behind it what
 * makes the kernels do nothing where nothing is carried.
 *
 * @param fields the arguments of the chain, in order.
 */
export function movementOf(cargo: Cargo, fields: readonly (typeof argumentFields)[number][]): Movement {
  const { size } = cargo;
  const all = fieldsOf(cargo);
  const images = imagesIn(cargo);
  const crops = cropPixelsIn(cargo);
  const packed = columnsOf(size) * size;
  const used = {
    programs: programWidth * images,
    products: productsWidth * images,
    blurs: blurWidth * images,
    pixels: cargo.kind === 'crops' ? crops : packed * images,
    rows: (4 * crops) / size,
    samples: sampleWidth * images,
    starts: 2 * size * images,
    weights: (16 * crops) / size,
  } as const;
  return {
    put(index, target) {
      const field = fields[index]!;
      const count = used[field];
      target.set(all[field].subarray(0, count));
      const rest = target.subarray(count);
      if (field === 'rows') writeUnusedRows(rest, cargo.images);
      else if (field === 'programs' || field === 'blurs' || field === 'samples') rest.fill(0);
      else return count;
      return target.length;
    },
    resultLength: packed * images,
    take: (result) => all.results.set(result),
  };
}
