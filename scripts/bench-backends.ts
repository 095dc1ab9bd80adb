// Measures the backends: `npx tsc && node dist/scripts/bench-backends.js [--size 224] [--images 32] [--batches 10]
// [--source 500x375] [--crops] [BACKEND...]`. Draws are those of the recipe dinov3; pixels are noise. CPU counts every thread of
// the process; the longest stall is how long a batch held the caller's event loop at most. Backends that resize as well are
// measured with the crops of images of the size `--source` too; `--crops` makes webasm and cpu resize, which they otherwise
// leave to the worker threads.
import { createHash } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import type { Backend, BackendName } from '../src/augment/backend.js';
import { placeCrop } from '../src/augment/device-crops.js';
import { openGpuBackend } from '../src/augment/gpu/gpu-backend.js';
import { openBackend } from '../src/augment/open-backend.js';
import { SimdKernels } from '../src/augment/simd.js';
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
const [size, count, batches] = [Number(values.size), Number(values.images), Number(values.batches)];
const [width, height] = values.source.split('x').map(Number) as [number, number];
const names = (positionals.length > 0 ? positionals : ['webasm', 'cpu', 'simd']) as BackendName[];

const { knobs } = recipes.find(({ name }) => name === 'dinov3')!;
const draws = Array.from({ length: count }, (_, seed) => drawTrain(seed, { width, height }, size, knobs));
const images = noise(count * size * size * 3);
const crops = draws.map(({ geometry: { crop } }) => ({ ...crop, data: noise(crop.width * crop.height * 3) }));
const blurs = draws.filter(({ steps }) => steps.some(({ op }) => op === 'gaussianBlur')).length;
const parts = draws.map(({ steps }, slot) => ({ slot, steps }));
const cropPixels = crops.reduce((sum, crop) => sum + crop.width * crop.height, 0) / count;
console.log(`${batches} batches of ${count} images of ${size} x ${size}, ${blurs} blurred`);
console.log(`crops of images of ${values.source}, ${Math.round(cropPixels)} pixels on average`);

for (const name of names) {
  const opening = performance.now();
  const backend =
    values.crops && name !== 'simd' ? await openGpuBackend(name, { crops: true }) : await openBackend(name);
  console.log(`${backend.description}: open ${(performance.now() - opening).toFixed(0)} ms`);
  await measurePhotometric(backend);
  if (backend.room) await measureCrops(backend);
  await backend.close();
}

/** The photometric operations on pixels that are resized. */
async function measurePhotometric(backend: Backend): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const [wall, cpu, stall]: [number[], number[], number[]] = [[], [], []];
  let bytes = '';
  for (let k = 0; k <= batches; k++) {
    const pixels = images.slice();
    await new Promise(setImmediate);
    delay.reset();
    const cost = await costOf(() => backend.apply(pixels, size, parts));
    wall.push(cost.wall);
    cpu.push(cost.cpu);
    // the monitor's own timer must fire once more to see a stall that has just ended
    await new Promise((resolve) => setTimeout(resolve, 5));
    stall.push(delay.max / 1e6);
    bytes = digest(pixels);
  }
  const first = wall.shift()! * count;
  cpu.shift();
  stall.shift();
  report('photometric', [
    `CPU ${median(cpu).toFixed(2)} ms an image`,
    `wall ${median(wall).toFixed(2)} ms an image`,
    `longest stall ${median(stall).toFixed(1)} ms a batch`,
    `first batch ${first.toFixed(0)} ms`,
    `bytes ${bytes}`,
  ]);
}

/** The same from decoded crops on: what a worker thread pays for each way, and what the device makes of them. */
async function measureCrops(device: Backend): Promise<void> {
  const kernels = SimdKernels.create();
  const bytes = size * size * 3;
  const expected = new Uint8Array(count * bytes);
  const reduced = new Uint8Array(bytes);
  const [resizing, placing]: [number[], number[]] = [[], []];
  for (let k = 0; k <= batches; k++) {
    const start = performance.now();
    for (const [i, crop] of crops.entries()) kernels.runPrefix(crop, draws[i]!, 0, size, reduced);
    resizing.push((performance.now() - start) / count);
  }
  for (const [i, crop] of crops.entries())
    kernels.run(crop, draws[i]!, size, expected.subarray(i * bytes, (i + 1) * bytes));

  // two batches, so that one can be uploaded while the other is read back
  const prepared = [0, 1].map(() => {
    const lent = device.room!.take(count, size);
    if (lent.length === 0) throw new Error(`no device crops for ${count} images of ${size} x ${size}`);
    const pixels = new Uint8Array(new SharedArrayBuffer(count * bytes));
    const start = performance.now();
    const placed = crops.map((crop, i) => placeCrop(lent[Math.floor(i / lent[0]!.images)]!, crop, draws[i]!.geometry));
    placing.push((performance.now() - start) / count);
    for (const [i, crop] of crops.entries())
      if (placed[i] === null) kernels.runPrefix(crop, draws[i]!, 0, size, pixels.subarray(i * bytes, (i + 1) * bytes));
    const cropParts = parts.flatMap((part) => {
      const one = placed[part.slot]!;
      return one === null ? [] : [{ ...part, geometry: draws[part.slot]!.geometry, placed: one }];
    });
    return { lent, pixels, resized: parts.filter(({ slot }) => placed[slot] === null), cropParts };
  });
  const run = (which: number) => {
    const { lent, pixels, resized, cropParts } = prepared[which]!;
    return device.apply(pixels, size, resized, lent, cropParts);
  };
  const taken = prepared[0]!.cropParts.length;
  const first = await costOf(() => run(0));
  const equal = digest(prepared[0]!.pixels) === digest(expected);
  // photometric operations of crops that were not taken apply anew with every run, so the bytes count but once
  await run(1);
  const [wall, cpu]: [number[], number[]] = [[], []];
  for (let k = 0; k < batches; k++) {
    const cost = await costOf(() => run(0));
    wall.push(cost.wall);
    cpu.push(cost.cpu);
  }
  const together = await costOf(() => Promise.all(Array.from({ length: 2 * batches }, (_, k) => run(k % 2))));
  for (const { lent } of prepared) device.room!.give(lent);
  report('resize, flips and photometric', [
    `${taken} of ${count} crops taken`,
    `CPU ${median(cpu).toFixed(2)} ms an image`,
    `wall ${median(wall).toFixed(2)} ms an image alone, ${(together.wall / 2 / batches).toFixed(2)} with batches overlapping`,
    `first batch ${(first.wall * count).toFixed(0)} ms`,
    `on a worker thread: placing ${Math.min(...placing).toFixed(2)}, its own resize ${median(resizing).toFixed(2)} ms an image`,
    equal ? 'bytes as simd’s' : 'OTHER BYTES than simd’s',
  ]);
}

/** Milliseconds an image. */
async function costOf(act: () => Promise<unknown>): Promise<{ wall: number; cpu: number }> {
  const used = process.cpuUsage();
  const start = performance.now();
  await act();
  const wall = (performance.now() - start) / count;
  const { user, system } = process.cpuUsage(used);
  return { wall, cpu: (user + system) / 1000 / count };
}

function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = Math.imul(i + 1, 2654435761) >>> 24;
  return bytes;
}

function digest(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex').slice(0, 12);
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;
}

function report(what: string, cells: readonly string[]): void {
  console.log(`  ${what}: ${cells.join(', ')}`);
}
