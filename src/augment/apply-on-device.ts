import type { Part } from './backend.js';
import { type Cargo, emptyCargo, imagesOfCargo } from './cargo.js';
import { type CargoWork, workOf } from './device.js';
import { SimdKernels } from './simd.js';
import { stowImage, unstow } from './stow.js';

/** `Backend.apply` on a device: one cargo after the other, packed and unpacked by the calling thread. */
export async function applyOnDevice(
  device: { run(cargo: Cargo, work: CargoWork): Promise<unknown> },
  pixels: Uint8Array,
  size: number,
  parts: readonly Part[],
): Promise<void> {
  const kernels = SimdKernels.create();
  const bytes = size * size * 3;
  for (let first = 0; first < parts.length; ) {
    const images = imagesOfCargo(parts.length - first, size);
    const cargo = emptyCargo({ images, size, kind: 'images' });
    const stowed = parts.slice(first, first + images).map(({ slot, steps }) => {
      const image = pixels.subarray(slot * bytes, (slot + 1) * bytes);
      const z = stowImage(cargo, steps, (target) => kernels.pack(image, size, target))!;
      return { image, steps, place: { z, from: 0, crop: null } };
    });
    await device.run(cargo, workOf(stowed.map(({ steps }) => steps)));
    for (const { image, place } of stowed) unstow(cargo, kernels, place, null, image);
    first += images;
  }
}
