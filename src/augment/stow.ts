import type { Crop } from '../decode/crop.js';
import type { DrawStep } from '../sample/draw.js';
import { type Cargo, type CargoFields, claimCrop, claimImage, cropFactor, cropPixelsIn, fieldsOf } from './cargo.js';
import { blurWidth } from './gpu/blur-kernel.js';
import { cropClaim, type PlacedCrop, writeCropTables } from './gpu/crop-tables.js';
import { sampleWidth } from './gpu/resize-kernel.js';
import { productsWidth, programOf, programWidth, writeSample } from './gpu/step-program.js';
import { columnsOf } from './simd/packed.js';
import type { Reduced, SimdKernels } from './simd.js';

/** Where a sample lies in a cargo. */
export interface CargoPlace {
  /** Its image in the cargo. */
  readonly z: number;
  /** The step at which the device goes on. */
  readonly from: number;
  /** Its crop, where the device resizes as well; then `from` is 0. */
  readonly crop: PlacedCrop | null;
}

/**
 * Gives an image a place in a cargo, with what the device is to do. Null where the cargo is full; nothing is packed then.
 *
 * @param pack writes the image as `SimdKernels.packPrefix` does.
 */
export function stowImage(
  cargo: Cargo,
  steps: readonly DrawStep[],
  pack: (target: Float32Array) => void,
): number | null {
  const z = claimImage(cargo);
  if (z === null) return null;
  const fields = fieldsOf(cargo);
  pack(imageOf(fields.pixels, cargo.size, z));
  writeSteps(fields, z, steps);
  return z;
}

/**
 * Packs a sample's crop into a cargo of crops, for the device to resize and to run every step. Null where the cargo is full or the
 * resize has more taps than are exact on a device.
 */
export function stowCrop(cargo: Cargo, kernels: SimdKernels, crop: Crop, draw: Reduced): CargoPlace | null {
  const { images, size } = cargo;
  const { width, height } = crop;
  const claimed = cropClaim(crop, draw.geometry, size);
  if (claimed === null || cropPixelsIn(cargo) + claimed > images * cropFactor * size * size) return null;
  const z = claimImage(cargo);
  if (z === null) return null;
  const fields = fieldsOf(cargo);
  const offset = claimCrop(cargo, claimed);
  if (offset === null) {
    // Another thread was faster: the image stays, with nothing to do for it.
    writeSteps(fields, z, []);
    fields.samples.fill(0, sampleWidth * z, sampleWidth * (z + 1));
    return null;
  }
  const placed = { offset, width, height };
  kernels.packCrop(crop, cropOf(fields, placed));
  writeCropTables(fields, z, size, images, placed, claimed, draw.geometry);
  writeSteps(fields, z, draw.steps);
  return { z, from: 0, crop: placed };
}

/**
 * The finished pixels of a sample that was stowed: what the device has made of it, or, where it has not, what this thread makes of
 * what the device was given.
 *
 * @param undone the sample's draw where the results are not in the cargo.
 * @param out uint8 `[size, size, 3]`; may be shared memory.
 */
export function unstow(
  cargo: Cargo,
  kernels: SimdKernels,
  { z, from, crop }: CargoPlace,
  undone: Reduced | null,
  out: Uint8Array,
): void {
  const { size } = cargo;
  const fields = fieldsOf(cargo);
  if (undone === null) kernels.finishPacked(imageOf(fields.results, size, z), size, [], out);
  else if (crop === null) kernels.finishPacked(imageOf(fields.pixels, size, z), size, undone.steps.slice(from), out);
  else kernels.run({ ...crop, data: kernels.unpackCrop(cropOf(fields, crop)) }, undone, out);
}

function imageOf(images: Float32Array, size: number, z: number): Float32Array {
  const packed = columnsOf(size) * size;
  return images.subarray(z * packed, (z + 1) * packed);
}

function cropOf({ pixels }: CargoFields, { offset, width, height }: PlacedCrop): Float32Array {
  return pixels.subarray(offset, offset + width * height);
}

function writeSteps({ programs, products, blurs }: CargoFields, z: number, steps: readonly DrawStep[]): void {
  writeSample(programOf(steps)!, {
    program: programs.subarray(z * programWidth, (z + 1) * programWidth).fill(0),
    products: products.subarray(z * productsWidth, (z + 1) * productsWidth),
    blur: blurs.subarray(z * blurWidth, (z + 1) * blurWidth).fill(0),
  });
}
