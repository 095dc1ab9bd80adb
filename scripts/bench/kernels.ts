// The kernels alone, on every core: everything between decoded pixels and the finished sample, over the draws of a recipe.
// One argument, JSON: folder, recipe, knobs, size, workers, seconds.
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { SimdKernels } from '../../src/augment/simd.js';
import type { Crop } from '../../src/decode/crop.js';
import { decodeCrop } from '../../src/decode/decode-crop.js';
import { probe } from '../../src/decode/probe.js';
import { defaultLimits } from '../../src/run/limits.js';
import { recipes } from '../../src/run/recipes.js';
import type { Draw } from '../../src/sample/draw.js';
import { drawTrain } from '../../src/sample/draw-train.js';
import { begin, end } from './child-events.js';
import { readFiles } from './sample-files.js';

interface Asked {
  readonly folder: string;
  readonly recipe: string;
  readonly knobs: object;
  readonly size: number;
  readonly workers: number;
  readonly seconds: number;
}

const samples = 96;

async function prepare({ folder, recipe, knobs: own, size }: Asked): Promise<{ crop: Crop; draw: Draw }[]> {
  const knobs = { ...recipes.find(({ name }) => name === recipe)!.knobs, ...own };
  return Promise.all(
    (await readFiles(folder, samples)).map(async (file, seed) => {
      const draw = drawTrain(seed, await probe(file, defaultLimits), size, knobs);
      return { draw, crop: await decodeCrop(file, draw.geometry.crop, defaultLimits) };
    }),
  );
}

async function work(asked: Asked): Promise<void> {
  const prepared = await prepare(asked);
  const kernels = SimdKernels.create();
  const out = new Uint8Array(new SharedArrayBuffer(asked.size * asked.size * 3));
  for (const { crop, draw } of prepared) kernels.run(crop, draw, out);
  parentPort!.postMessage('ready');
  parentPort!.once('message', () => {
    const start = performance.now();
    let images = 0;
    // Whole passes, so that every draw counts alike.
    while (performance.now() - start < 1000 * asked.seconds)
      for (const { crop, draw } of prepared) {
        kernels.run(crop, draw, out);
        images++;
      }
    parentPort!.postMessage(images);
    parentPort!.close();
  });
}

async function measure(asked: Asked): Promise<void> {
  const workers = Array.from(
    { length: asked.workers },
    () => new Worker(fileURLToPath(import.meta.url), { workerData: asked }),
  );
  const answers = () =>
    Promise.all(
      workers.map(
        (worker) =>
          new Promise<number>((resolve, reject) => {
            worker.once('message', resolve);
            worker.once('error', reject);
          }),
      ),
    );
  await answers();
  const done = answers();
  const start = begin();
  for (const worker of workers) worker.postMessage('go');
  end(
    (await done).reduce((sum, images) => sum + images, 0),
    start,
  );
}

if (isMainThread) await measure(JSON.parse(process.argv[2]!) as Asked);
else await work(workerData as Asked);
