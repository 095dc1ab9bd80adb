import type { Masks } from '../run/run.js';
import { linspace, roundHalfEven } from './float32.js';
import { type Generator, mersenneTwister } from './mersenne-twister.js';

/** What iBOT hides of the images of one group: whole blocks of patches. */
export interface BlockMasks {
  /** Patches along each side of an image. */
  readonly side: number;
  /** One bit for each patch of each image, row by row, images in the order of the tensor; the lowest bit of a byte first. */
  readonly bits: Uint8Array;
  /** The sum of what was to be hidden of each image: no fewer than are hidden. */
  readonly upperbound: number;
}

const [tries, leastPatches] = [10, 4];

/**
 * The masks of one group of a batch: a share of the images, the first with the least hidden and the last with the most, shuffled.
 *
 * Source: dinov3 data/masking.py, `MaskingGenerator`, and data/collate.py, `collate_data_and_cast`; with one generator of torch's kind
 * in the place of Python's and numpy's.
 *
 * @param seed an integer in [0, 2^32).
 * @param images of the group in the batch.
 * @param size side of an image, in pixels.
 * @param placeOf where an image stands in the tensor, by its number where the first views of all samples come first.
 */
export function drawMasks(
  seed: number,
  images: number,
  size: number,
  masks: Masks,
  placeOf: (image: number) => number = (image) => image,
): BlockMasks {
  const generator = mersenneTwister(seed);
  const side = Math.floor(size / masks.patch);
  const patches = side * side;
  const masked = Math.floor(images * masks.probability);
  const [low, high] = masks.ratio;
  let upperbound = 0;
  const all = Array.from({ length: images }, (_, i) => {
    if (i >= masked) return new Uint8Array(patches);
    const wanted = Math.trunc(Math.fround(patches * linspace(low, high, masked + 1, i + 1)));
    upperbound += wanted;
    return drawMask(generator, side, wanted, masks.aspect);
  });
  const order = generator.randperm(images);
  const bits = new Uint8Array(Math.ceil((images * patches) / 8));
  for (const [image, from] of order.entries())
    for (const [patch, isHidden] of all[from]!.entries()) {
      const at = placeOf(image) * patches + patch;
      if (isHidden) bits[at >> 3]! |= 1 << (at & 7);
    }
  return { side, bits, upperbound };
}

/** Blocks until as many patches are hidden as are wanted, or no block fits; then single ones. */
function drawMask(generator: Generator, side: number, wanted: number, aspect: number): Uint8Array {
  const mask = new Uint8Array(side * side);
  const most = 0.5 * side * side;
  let count = 0;
  while (count < wanted) {
    const hidden = drawBlock(generator, mask, side, Math.min(wanted - count, most), aspect);
    if (hidden === 0) break;
    count += hidden;
  }
  const free = [...mask.keys()].filter((patch) => mask[patch] === 0);
  // The head of a shuffle, as numpy's choice without replacement.
  for (const place of generator.randperm(free.length).slice(0, wanted - count)) mask[free[place]!] = 1;
  return mask;
}

/** Hides one block; how many patches that were not hidden yet. */
function drawBlock(generator: Generator, mask: Uint8Array, side: number, most: number, aspect: number): number {
  const edge = Math.log(aspect);
  for (let attempt = 0; attempt < tries; attempt++) {
    const area = between(generator, leastPatches, most);
    const ratio = Math.exp(between(generator, edge, -edge));
    const height = roundHalfEven(Math.sqrt(area * ratio));
    const width = roundHalfEven(Math.sqrt(area / ratio));
    if (width >= side || height >= side) continue;
    const top = generator.randint(0, side - height + 1);
    const left = generator.randint(0, side - width + 1);
    const block = Array.from({ length: height * width }, (_, i) => {
      return (top + Math.floor(i / width)) * side + left + (i % width);
    });
    const fresh = block.filter((patch) => mask[patch] === 0);
    if (fresh.length === 0 || fresh.length > most) continue;
    for (const patch of fresh) mask[patch] = 1;
    return fresh.length;
  }
  return 0;
}

/** Python's `random.uniform`, of 24 bits. */
function between(generator: Generator, low: number, high: number): number {
  return low + (high - low) * generator.rand();
}
