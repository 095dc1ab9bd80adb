// Measures what the thread that drives a device costs by itself, on any machine: `npx tsc && node dist/scripts/bench-device-thread.js
// [--size 224] [--images 32] [--source 500x375] [--seconds 4]`. Cargos of the recipe dinov3 go through gpu.js to a device without a
// driver (null-webgpu.ts), from images and from decoded crops on, as fast as the thread takes them: its CPU an image, its parts, and
// beside them a plain copy of as many bytes.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type Cargo, type CargoKind, cropPixelsIn, emptyCargo, fieldLengths, imagesIn } from '../src/augment/cargo.js';
import { type CargoWork, workOf } from '../src/augment/device.js';
import { loadLibrary } from '../src/augment/gpu/device.js';
import { installMovedExecutor, type Spent } from '../src/augment/gpu/moved-executor.js';
import { createRunner } from '../src/augment/gpu/runner.js';
import { SimdKernels } from '../src/augment/simd.js';
import { stowCrop, stowImage } from '../src/augment/stow.js';
import { recipes } from '../src/run/recipes.js';
import { drawTrain } from '../src/sample/draw-train.js';
import { provideNullWebGpu } from './null-webgpu.js';

interface Asked {
  readonly cargo: Cargo;
  readonly work: CargoWork;
}

interface Told {
  readonly thread: number;
  readonly spent: Spent;
}

if (isMainThread) await measure();
else await drive(workerData as null);

/** The device's thread, as device-worker.ts is. */
async function drive(_: null): Promise<void> {
  provideNullWebGpu();
  const spent = installMovedExecutor();
  const { GPU, input } = loadLibrary();
  const runner = createRunner(new GPU({ mode: 'webgpu' }), input, 'webgpu');
  parentPort!.on('message', async ({ cargo, work }: Asked) => {
    await runner.run(cargo, work);
    const thread = Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0]) / 1e9;
    const told: Told = { thread, spent: { ...spent } };
    parentPort!.postMessage(told);
  });
}

async function measure(): Promise<void> {
  const { values } = parseArgs({
    options: {
      size: { type: 'string', default: '224' },
      images: { type: 'string', default: '32' },
      source: { type: 'string', default: '500x375' },
      seconds: { type: 'string', default: '4' },
    },
  });
  const [size, images, seconds] = [Number(values.size), Number(values.images), Number(values.seconds)];
  const [width, height] = values.source.split('x').map(Number) as [number, number];
  const { knobs } = recipes.find(({ name }) => name === 'dinov3')!;
  const kernels = SimdKernels.create();
  for (const kind of ['images', 'crops'] as const) {
    const draws = Array.from({ length: images }, (_, seed) => drawTrain(seed, { width, height }, size, knobs));
    const cargos = [0, 1, 2, 3].map(() => {
      const cargo = emptyCargo({ images, size, kind });
      for (const draw of draws) {
        const { width, height } = draw.geometry.crop;
        const crop = { data: new Uint8Array(3 * width * height).fill(90), width, height };
        if (kind === 'crops') stowCrop(cargo, kernels, crop, draw);
        else stowImage(cargo, draw.steps, (target) => kernels.packPrefix(crop, draw, 0, size, target));
      }
      return cargo;
    });
    const count = imagesIn(cargos[0]!);
    const work = workOf(draws.map(({ steps }) => steps));
    const thread = new Worker(new URL(import.meta.url), { workerData: null });
    let runs = 0;
    const next = (): void => thread.postMessage({ cargo: cargos[runs++ % cargos.length]!, work } satisfies Asked);
    const told = () => new Promise<Told>((resolve) => thread.once('message', resolve));
    const until = async (end: number): Promise<Told> => {
      for (;;) {
        const answer = told();
        next();
        const last = await answer;
        if (performance.now() > end) return last;
      }
    };
    // One cargo is always waiting, as in a busy replica.
    next();
    const before = await until(performance.now() + 2000);
    const [start, first] = [performance.now(), runs];
    const after = await until(start + 1000 * seconds);
    const made = (runs - first) * count;
    const each = (value: number) => ((1000 * value) / made).toFixed(4);
    const copying = after.spent.copying - before.spent.copying;
    const calling = after.spent.calling - before.spent.calling;
    const all = after.thread - before.thread;
    const moved = bytesMoved(cargos[0]!);
    console.log(
      `from ${kind} on: ${each(all)} ms of CPU an image; copying ${each(copying)} (${(moved / 1000).toFixed(0)} kB an image), ` +
        `calls ${each(calling)}, rest ${each(all - copying - calling)}; a plain copy of as much ${plainCopy(moved).toFixed(4)} ms`,
    );
    await thread.terminate();
  }
}

/** Bytes an image, both ways. */
function bytesMoved(cargo: Cargo): number {
  const { images, size } = cargo;
  const lengths = fieldLengths(cargo);
  const used: Record<CargoKind, number> = {
    images: lengths.pixels,
    crops: cropPixelsIn(cargo) * (1 + 16 / size) + lengths.rows / 2 + lengths.starts,
  };
  return (4 * (used[cargo.kind] + lengths.products + lengths.results)) / images;
}

/** Milliseconds of a copy between two memories larger than a cache. */
function plainCopy(bytes: number): number {
  const [from, to] = [new Uint8Array(new SharedArrayBuffer(32 * bytes)).fill(1), new Uint8Array(32 * bytes)];
  const times = Array.from({ length: 20 }, () => {
    const start = performance.now();
    to.set(from);
    return (performance.now() - start) / 32;
  });
  return times.sort((a, b) => a - b)[10]!;
}
