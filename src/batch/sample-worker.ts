import { performance } from 'node:perf_hooks';
import { workerData } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { placeCrop } from '../augment/device-crops.js';
import { SimdKernels } from '../augment/simd.js';
import { splitSteps } from '../augment/split-steps.js';
import type { SampleImage } from '../cache/decoded-reader.js';
import type { Lookup } from '../cache/lookup.js';
import type { CacheBuffers } from '../cache/sample-caches.js';
import { sampleReader } from '../cache/sample-reader.js';
import type { Crop, ImageSize } from '../decode/crop.js';
import { TributaryError } from '../errors.js';
import type { Draw } from '../sample/draw.js';
import { drawEvaluation } from '../sample/draw-evaluation.js';
import { drawTrain } from '../sample/draw-train.js';
import type {
  Answer,
  DrawTask,
  Left,
  MakeTask,
  Outcome,
  Packed,
  PackTask,
  StageSeconds,
  TaskRun,
  TaskSample,
} from './sample-task.js';
import { type DataType, isPixels, packSample, sampleBytes } from './tensor.js';

/**
 * A worker thread's whole job: read, decode, draw, crop, resize, augment and pack samples straight into their places of
 * the batch's shared bytes. It holds nothing between tasks but its kernels' and its decoder's memory.
 */
let kernels: SimdKernels | undefined;
let scratch = new Uint8Array(0);
const reader = sampleReader(workerData as CacheBuffers);

export default async function runTask(
  task: MakeTask | DrawTask | PackTask,
): Promise<readonly Answer[] | readonly Packed[]> {
  switch (task.kind) {
    case 'make':
      return inTurn(task, (sample, image, seconds) => make(task, sample, image, seconds));
    case 'draw':
      return inTurn(task, (sample, image, seconds) => draw(task, sample, image, seconds));
    case 'pack':
      return task.samples.map((sample) => pack(task, sample));
  }
}

/** A sample whose file is on its way. */
interface Reading {
  readonly lookup: Lookup;
  /** Rejects where the file cannot be read. */
  readonly image: Promise<SampleImage>;
  readonly seconds: StageSeconds;
}

type Act = (sample: TaskSample, image: SampleImage, seconds: StageSeconds) => Promise<Outcome>;

/** Files of a task that are read before their turn have at most so many bytes together. */
const aheadBytes = 4 * 1024 * 1024;

/** One sample after the other, while the next are read: slow storage is asked for a task's files at once. */
async function inTurn(task: TaskRun, act: Act): Promise<readonly Answer[]> {
  const { samples } = task;
  const answers: Answer[] = [];
  const readings: Reading[] = [];
  let ahead = 0;
  try {
    for (const [i, sample] of samples.entries()) {
      for (let next = samples[readings.length]; next !== undefined; next = samples[readings.length]) {
        if (readings.length > i && ahead + next.location.length > aheadBytes) break;
        ahead += next.location.length;
        readings.push(read(task, next));
      }
      ahead -= sample.location.length;
      answers.push(await answer(sample, readings[i]!, act));
    }
  } catch (error) {
    await Promise.allSettled(readings.map(({ image }) => image));
    reader.forget(readings.map(({ lookup }) => lookup));
    throw error;
  }
  return answers;
}

function read({ limits }: TaskRun, { location, whereabouts }: TaskSample): Reading {
  const lookup = { location, limits, whereabouts, news: [] };
  const seconds: StageSeconds = {};
  const image = timed(seconds, 'read', () => reader.open(lookup));
  // It is awaited in its turn; until then its failure must not count as unhandled.
  image.catch(() => {});
  return { lookup, image, seconds };
}

async function answer(sample: TaskSample, { lookup, image, seconds }: Reading, act: Act): Promise<Answer> {
  try {
    const opened = await image;
    try {
      return { outcome: await act(sample, opened, seconds), seconds, news: lookup.news };
    } finally {
      await opened.end();
    }
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error;
    const { reason, detail } = error;
    return {
      outcome:
        reason === 'SAMPLE_CORRUPT'
          ? { status: 'corrupt', reason: error.metadata.cause ?? error.message }
          : { status: 'error', reason, detail },
      seconds,
      news: lookup.news,
    };
  }
}

async function make(task: MakeTask, sample: TaskSample, image: SampleImage, seconds: StageSeconds): Promise<Outcome> {
  const { crop, drawn } = await timed(seconds, 'decode', async () => {
    const drawn = drawSample(task, sample, await image.size());
    return { drawn, crop: await image.crop(drawn.geometry.crop) };
  });
  try {
    return { status: 'ok', draw: drawn, left: leave(task, sample, crop, drawn, seconds) };
  } finally {
    crop.give?.();
  }
}

/** Does this thread's part of a sample: all of it where the device has none. */
function leave(task: MakeTask, { slot }: TaskSample, crop: Crop, draw: Draw, seconds: StageSeconds): Left {
  kernels ??= SimdKernels.create();
  const { size, crops, form } = task;
  const start = performance.now();
  const from = task.hasDevice ? splitSteps(draw.steps) : draw.steps.length;
  if (from === 0 && crops.length > 0) {
    const placed = placeCrop(crops[Math.floor(slot / crops[0]!.images)]!, crop, draw.geometry);
    if (placed !== null) {
      seconds.kernels = since(start);
      return { kind: 'crop', placed };
    }
  }
  if (from < draw.steps.length) {
    kernels.runPrefix(crop, draw, from, size, placeOf(task.pixels, 'UINT8', task.size, slot));
    seconds.kernels = since(start);
    return { kind: 'pixels', from };
  }
  const out = placeOf(task.tensor, task.form.type, task.size, slot);
  const pixels = isPixels(form) ? out : scratchOf(size);
  kernels.run(crop, draw, size, pixels);
  seconds.kernels = since(start);
  if (pixels !== out) {
    const packStart = performance.now();
    packSample(pixels, size, form, draw.erase, out);
    seconds.pack = since(packStart);
  }
  // Here the bytes are still in this core's cache.
  return { kind: 'tensor', crc32: crc32(out) };
}

async function draw(task: DrawTask, sample: TaskSample, image: SampleImage, seconds: StageSeconds): Promise<Outcome> {
  const size = await timed(seconds, 'decode', () => image.size());
  return { status: 'ok', draw: drawSample(task, sample, size), left: { kind: 'nothing' } };
}

function pack(task: PackTask, { slot, erase }: PackTask['samples'][number]): Packed {
  const start = performance.now();
  const out = placeOf(task.tensor, task.form.type, task.size, slot);
  if (task.pixels === task.tensor) return { crc32: crc32(out), seconds: {} };
  packSample(placeOf(task.pixels, 'UINT8', task.size, slot), task.size, task.form, erase, out);
  return { crc32: crc32(out), seconds: { pack: since(start) } };
}

function placeOf(memory: SharedArrayBuffer, type: DataType, size: number, slot: number): Uint8Array {
  const length = sampleBytes(type, size);
  return new Uint8Array(memory, slot * length, length);
}

function drawSample({ evaluate, size, resizeSize, knobs }: TaskRun, { seed }: TaskSample, image: ImageSize): Draw {
  return evaluate ? drawEvaluation(image, resizeSize, size, knobs.interpolation) : drawTrain(seed, image, size, knobs);
}

function scratchOf(size: number): Uint8Array {
  const length = sampleBytes('UINT8', size);
  if (scratch.length !== length) scratch = new Uint8Array(length);
  return scratch;
}

async function timed<T>(seconds: StageSeconds, stage: keyof StageSeconds, act: () => Promise<T>): Promise<T> {
  const start = performance.now();
  try {
    return await act();
  } finally {
    seconds[stage] = since(start);
  }
}

function since(start: number): number {
  return (performance.now() - start) / 1000;
}
