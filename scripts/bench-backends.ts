// Measures the backends: `npx tsc && node dist/scripts/bench-backends.js [--size 224] [--images 32] [--batches 10]
// [--source 500x375] [--crops] [BACKEND...]`. Draws are those of the recipe dinov3; pixels are noise. For each device: what a cargo
// costs from its images on, and from decoded crops on where it resizes; `--crops` makes webasm and cpu resize, which they otherwise
// leave to the worker threads. Of a worker thread: stowing, finishing, and what it would do itself instead. Of the thread that
// drives the device, its own CPU an image, and of that copying, calls of gpu.js and the driver, and the rest; gpu.js's webasm and
// cpu compute in that thread, or in threads of gpu.js's own.
import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { BackendName } from '../src/augment/backend.js';
import { type Cargo, type CargoKind, emptyCargo, imagesOfCargo } from '../src/augment/cargo.js';
import { type CargoCost, type Device, workOf } from '../src/augment/device.js';
import { probeDevice } from '../src/augment/gpu/device-probe.js';
import { openGpuDevice } from '../src/augment/gpu/gpu-device.js';
import { SimdKernels } from '../src/augment/simd.js';
import { type CargoPlace, stowCrop, stowImage, unstow } from '../src/augment/stow.js';
import { recipes } from '../src/run/recipes.js';
import { drawTrain } from '../src/sample/draw-train.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '224' },
    images: { type: 'string', default: '32' },
    batches: { type: 'string', default: '10' },
    source: { type: 'string', default: '500x375' },
    crops: { type: 'boolean', default: false },
  },
});
const [size, asked, batches] = [Number(values.size), Number(values.images), Number(values.batches)];
const [width, height] = values.source.split('x').map(Number) as [number, number];
const names = (positionals.length > 0 ? positionals : ['webasm', 'cpu', 'simd']) as BackendName[];

const count = Math.min(asked, imagesOfCargo(asked, size));
const { knobs } = recipes.find(({ name }) => name === 'dinov3')!;
const draws = Array.from({ length: count }, (_, seed) => drawTrain(seed, { width, height }, size, knobs));
const crops = draws.map(({ geometry: { crop } }) => ({ ...crop, data: noise(crop.width * crop.height * 3) }));
const blurs = draws.filter(({ steps }) => steps.some(({ op }) => op === 'gaussianBlur')).length;
const cropPixels = crops.reduce((sum, crop) => sum + crop.width * crop.height, 0) / count;
console.log(`${batches} cargos of ${count} images of ${size} x ${size}, ${blurs} blurred`);
console.log(`crops of images of ${values.source}, ${Math.round(cropPixels)} pixels on average`);

const kernels = SimdKernels.create();
const bytes = size * size * 3;
const outOf = (pixels: Uint8Array, i: number) => pixels.subarray(i * bytes, (i + 1) * bytes);
const expected = new Uint8Array(count * bytes);
const threads = timed((i) => kernels.run(crops[i]!, draws[i]!, outOf(expected, i)));
const reduced = new Uint8Array(bytes);
const resizing = timed((i) => kernels.runPrefix(crops[i]!, draws[i]!, 0, reduced));
console.log(`simd, all by a worker thread: ${threads} ms an image, of that the resize ${resizing}`);

for (const name of names) {
  if (name === 'simd') continue;
  const opening = performance.now();
  if (name === 'webgpu') {
    const found = await probeDevice();
    if ('missing' in found) throw new Error(found.missing);
  }
  const device = await openGpuDevice(name, values.crops ? { crops: true } : {});
  console.log(`${device.description}: open ${(performance.now() - opening).toFixed(0)} ms`);
  for (const kind of ['images', 'crops'] as const) if (kind === 'images' || device.resizes) await measure(device, kind);
  await device.close();
}

async function measure(device: Device, kind: CargoKind): Promise<void> {
  const cargos = Array.from({ length: 2 * device.lanes }, () => {
    const cargo = emptyCargo({ images: imagesOfCargo(count, size), size, kind });
    const places = crops.map((_, i) => stow(cargo, i));
    return { cargo, places };
  });
  const { cargo, places } = cargos[0]!;
  const stowed = draws.filter((_, i) => places[i] !== null);
  const work = workOf(stowed.map(({ steps }) => steps));
  const run = ({ cargo }: { cargo: Cargo }) => device.run(cargo, work);
  const first = await costOf(() => run(cargos[0]!));
  await Promise.all(cargos.map(run));
  const alone = await costOf(async () => {
    for (let k = 0; k < batches; k++) await run(cargos[0]!);
  });
  const costs: CargoCost[] = [];
  const together = await costOf(async () => {
    for (let k = 0; k < batches; k += cargos.length) costs.push(...(await Promise.all(cargos.map(run))));
  });
  const perImage = (of: (cost: CargoCost) => number) =>
    ((1000 * costs.reduce((sum, cost) => sum + of(cost), 0)) / costs.length / stowed.length).toFixed(3);
  const came = new Uint8Array(expected.length);
  const finishing = timed((i) => {
    if (places[i]) unstow(cargo, kernels, places[i], null, outOf(came, i));
  });
  for (const [i, place] of places.entries()) if (place === null) outOf(came, i).set(outOf(expected, i));
  const again = emptyCargo({ images: cargo.images, size, kind }, cargo.shared);
  const stowing = timed(
    (i) => void stow(again, i),
    () => void emptyCargo(again, again.shared),
  );
  const ran = stowed.length;
  console.log(
    [
      `  from ${kind} on: ${ran} of ${count} taken, first cargo ${first.wall.toFixed(0)} ms`,
      `wall ${(alone.wall / batches / ran).toFixed(2)} ms an image alone, ${(together.wall / costs.length / ran).toFixed(3)} overlapping`,
      `CPU of all threads ${(together.cpu / costs.length / ran).toFixed(2)}`,
      digest(came) === digest(expected) ? 'bytes as simd’s' : 'OTHER BYTES than simd’s',
    ].join(', '),
  );
  const rest = ({ thread, copying, calling }: CargoCost) => thread - copying - calling;
  console.log(
    `    device thread: ${perImage(({ thread }) => thread)} ms of CPU an image: copying ${perImage(({ copying }) => copying)}, ` +
      `calls ${perImage(({ calling }) => calling)}, rest ${perImage(rest)}`,
  );
  console.log(`    worker thread: stowing ${stowing} ms an image, finishing ${finishing}`);
}

function stow(cargo: Cargo, i: number): CargoPlace | null {
  const [crop, draw] = [crops[i]!, draws[i]!];
  if (cargo.kind === 'crops') return stowCrop(cargo, kernels, crop, draw);
  const z = stowImage(cargo, draw.steps, (target) => kernels.packPrefix(crop, draw, 0, size, target));
  return z === null ? null : { z, from: 0, crop: null };
}

/** Milliseconds an image, the median of some rounds over all images. */
function timed(act: (i: number) => void, before: () => void = () => {}): string {
  const rounds = Array.from({ length: batches + 2 }, () => {
    before();
    const start = performance.now();
    for (let i = 0; i < count; i++) act(i);
    return (performance.now() - start) / count;
  });
  return rounds
    .slice(2)
    .sort((a, b) => a - b)
    [batches >> 1]!.toFixed(3);
}

/** Milliseconds. */
async function costOf(act: () => Promise<unknown>): Promise<{ wall: number; cpu: number }> {
  const used = process.cpuUsage();
  const start = performance.now();
  await act();
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(used);
  return { wall, cpu: (user + system) / 1000 };
}

function noise(length: number): Uint8Array {
  const noisy = new Uint8Array(length);
  for (let i = 0; i < length; i++) noisy[i] = Math.imul(i + 1, 2654435761) >>> 24;
  return noisy;
}

function digest(pixels: Uint8Array): string {
  return createHash('sha1').update(pixels).digest('hex');
}
