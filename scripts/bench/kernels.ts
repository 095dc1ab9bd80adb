// Samples of a recipe on every core, without a replica: decoded once before, so that the kernels alone are measured; or decoded each
// time: once for all views of a sample, anew for each, or anew and whole for each, as decoders without a box do.
// One argument, JSON: folder, recipe, knobs, size, workers, seconds, decode.
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { SimdKernels } from '../../src/augment/simd.js';
import { decodeCrop } from '../../src/decode/decode-crop.js';
import { cutView, decodeUnion, type Union } from '../../src/decode/decode-union.js';
import type { Header } from '../../src/decode/header.js';
import { probe } from '../../src/decode/probe.js';
import { defaultLimits } from '../../src/run/limits.js';
import { readRun } from '../../src/run/run-schema.js';
import { viewsOf } from '../../src/run/views.js';
import type { SampleDraw } from '../../src/sample/draw.js';
import { drawingOf, drawSample } from '../../src/sample/draw-sample.js';
import { begin, end } from './child-events.js';
import { readFiles } from './sample-files.js';

interface Asked {
  readonly folder: string;
  readonly recipe: string;
  readonly knobs: object;
  readonly size: number;
  readonly workers: number;
  readonly seconds: number;
  /** When the files are decoded. */
  readonly decode: 'before' | 'once' | 'each' | 'whole';
}

const samples = 96;

/** A sample, and how to make all its views. */
type Make = () => Promise<void> | void;

async function prepare(asked: Asked): Promise<Make[]> {
  const { folder, recipe, knobs, size, decode } = asked;
  const written = { recipe, sources: ['a'], global_batch: 1, image_size: size, ...knobs };
  const { data: run } = readRun('', written, ['a'], defaultLimits, []);
  const views = viewsOf(run!);
  const sizes = views.flatMap((group) => group.knobs.map(() => group.size));
  const outs = sizes.map((side) => new Uint8Array(new SharedArrayBuffer(side * side * 3)));
  const kernels = SimdKernels.create();
  return Promise.all(
    (await readFiles(folder, samples)).map(async (file, seed) => {
      const drawn = async () => {
        const image = await probe(file, defaultLimits);
        return { image, draw: drawSample(seed, image, drawingOf(run!, views)) };
      };
      const decoded = ({ shared, views }: SampleDraw, image: Header) =>
        decodeUnion({ shared, views }, image, (box) => decodeCrop(file, box, defaultLimits, image));
      const decodedWhole = async (image: Header): Promise<Union> => {
        const box = { top: 0, left: 0, width: image.width, height: image.height };
        return { box, crop: await decodeCrop(file, box, defaultLimits, image) };
      };
      const runOf = ({ shared, views }: SampleDraw, whole: Union, first: number) => {
        kernels.applyToWhole(whole.crop, shared);
        const make = (): void => {
          for (const [i, view] of views.entries())
            kernels.run(cutView(whole, view.geometry.crop), view, outs[first + i]!);
        };
        if (views.length > 1) kernels.holding(whole.crop, make);
        else make();
      };
      if (decode === 'before') {
        const { image, draw } = await drawn();
        const whole = await decoded(draw, image);
        return () => runOf({ ...draw, shared: [] }, whole, 0);
      }
      return async () => {
        const { image, draw } = await drawn();
        const parts = decode === 'once' ? [draw] : draw.views.map((view) => ({ shared: draw.shared, views: [view] }));
        for (const [first, part] of parts.entries()) {
          const whole = decode === 'whole' ? await decodedWhole(image) : await decoded(part, image);
          runOf(part, whole, first);
          whole.crop.give?.();
        }
      };
    }),
  );
}

async function work(asked: Asked): Promise<void> {
  const makes = await prepare(asked);
  for (const make of makes) await make();
  parentPort!.postMessage('ready');
  parentPort!.once('message', async () => {
    const start = performance.now();
    let images = 0;
    // Whole passes, so that every draw counts alike.
    while (performance.now() - start < 1000 * asked.seconds)
      for (const make of makes) {
        await make();
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
