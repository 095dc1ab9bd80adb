import type { DrawStep, Geometry } from '../../sample/draw.js';
import { type Cargo, type CargoKind, carriesCrops, cropFactor, emptyCargo, imagesOfCargo } from '../cargo.js';
import { workOf } from '../device.js';
import { SimdKernels } from '../simd.js';
import { stowCrop, stowImage } from '../stow.js';
import type { Runner } from './runner.js';

/** What a sample of dinov3 has at most, in the order that needs every stage. */
const steps: readonly DrawStep[] = [
  { op: 'brightness', factor: 1.125 },
  { op: 'contrast', factor: 0.875 },
  { op: 'saturation', factor: 1.125 },
  { op: 'hue', turns: 0.0625 },
  { op: 'contrast', factor: 1.125 },
  { op: 'gaussianBlur', sigma: 1.5 },
  { op: 'solarize', threshold: 128 },
];

/** Cargos that are timed, after one for each lane that compiles. */
const timed = 4;

/**
 * Compiles on every lane what cargos of this size need, and measures: seconds of a full cargo of each kind while others overlap it.
 * Crops have 1.6 times the pixels of the results, as photographs of 500 x 375 have at 224.
 */
export async function calibrate(
  runner: Pick<Runner, 'run' | 'lanes'>,
  size: number,
  resizes: boolean,
): Promise<Record<CargoKind, number>> {
  const kernels = SimdKernels.create();
  const most = imagesOfCargo(2 ** 24, size);
  const images = emptyCargo({ images: most, size, kind: 'images' });
  for (let z = 0; z < most; z++) stowImage(images, steps, (target) => target.fill(0x406080));
  const seconds = { images: await measured(runner, images), crops: 0 };
  if (!resizes || !carriesCrops(size)) return seconds;
  // Both sizes of upload are compiled, and the smaller one is what is measured.
  for (const factor of [0.9 * cropFactor, 0.4 * cropFactor])
    seconds.crops = await measured(runner, cropCargo(kernels, most, size, factor));
  return seconds;
}

function cropCargo(kernels: SimdKernels, images: number, size: number, factor: number): Cargo {
  const cargo = emptyCargo({ images, size, kind: 'crops' });
  const side = Math.floor(size * Math.sqrt(factor));
  const crop = { data: new Uint8Array(3 * side * side).fill(96), width: side, height: side };
  const window = { top: 0, left: 0, width: size, height: size };
  const geometry: Geometry = {
    crop: { top: 0, left: 0, width: side, height: side },
    width: size,
    height: size,
    window,
    interpolation: 'BICUBIC',
    hflip: true,
    vflip: false,
  };
  for (let z = 0; z < images; z++) stowCrop(cargo, kernels, crop, { geometry, steps });
  return cargo;
}

async function measured(runner: Pick<Runner, 'run' | 'lanes'>, cargo: Cargo): Promise<number> {
  const work = workOf([steps]);
  const together = (count: number) => Promise.all(Array.from({ length: count }, () => runner.run(cargo, work)));
  await together(runner.lanes);
  const start = performance.now();
  await together(timed);
  return (performance.now() - start) / 1000 / timed;
}
