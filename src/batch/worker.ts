import { performance } from 'node:perf_hooks';
import { workerData } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { type PlacedCrop, placeCrop } from '../augment/crop-memory.js';
import { SimdKernels } from '../augment/simd.js';
import { splitSteps } from '../augment/split-steps.js';
import type { CacheMemory } from '../cache/sample-caches.js';
import { SampleVisit, threadCaches } from '../cache/sample-visit.js';
import type { ImageSize } from '../decode/crop.js';
import { probe } from '../decode/probe.js';
import { TributaryError } from '../errors.js';
import type { Limits } from '../run/limits.js';
import type { Draw } from '../sample/draw.js';
import { drawEvaluation } from '../sample/draw-evaluation.js';
import { drawTrain } from '../sample/draw-train.js';
import type {
  CheckTask,
  DrawTask,
  Ending,
  MakeSample,
  MakeTask,
  Outcome,
  Packed,
  PackTask,
  StageSeconds,
  Task,
  TaskRun,
  TaskSample,
} from './sample-task.js';
import { packSample, sampleBytes } from './tensor.js';

/**
 * A worker thread's whole job: read, decode, draw, crop, resize, augment and pack samples straight into their places of
 * the batch's shared bytes. It holds nothing between tasks but its kernels' and its decoder's memory.
 */
let kernels: SimdKernels | undefined;
let scratch = new Uint8Array(0);
const caches = threadCaches(workerData as CacheMemory | null);

export default async function runTask(task: Task): Promise<readonly Outcome[] | Packed> {
  switch (task.kind) {
    case 'pack':
      return pack(task);
    case 'check':
      return check(task);
    case 'make':
      return inTurn(task, (sample, reading) => make(task, sample, reading));
    case 'draw':
      return inTurn(task, (sample, reading) => draw(task, sample, reading));
  }
}

/** A sample's bytes, on their way or held decoded. */
interface Reading {
  readonly visit: SampleVisit;
  readonly held: ImageSize | null;
  /** Null where the image is held; rejects where it cannot be read. */
  readonly file: Promise<Buffer> | null;
  readonly seconds: StageSeconds;
}

/** Files of a task that are read before their turn have at most so many bytes together. */
const aheadBytes = 4 * 1024 * 1024;

/** One sample after the other, while the next are read: slow storage is asked for a task's files at once. */
async function inTurn<S extends TaskSample>(
  { samples, limits }: TaskRun & { readonly samples: readonly S[] },
  act: (sample: S, reading: Reading) => Promise<Ending>,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const readings: Reading[] = [];
  let ahead = 0;
  for (const [i, sample] of samples.entries()) {
    for (let next = samples[readings.length]; next !== undefined; next = samples[readings.length]) {
      if (readings.length > i && ahead + next.location.length > aheadBytes) break;
      ahead += next.location.length;
      readings.push(read(next, limits));
    }
    ahead -= sample.location.length;
    const reading = readings[i]!;
    try {
      const ending = await endingOf(sample, reading, act);
      outcomes.push({ ...ending, cache: await reading.visit.end() });
    } catch (error) {
      await Promise.all(readings.slice(i).map(abandon));
      throw error;
    }
  }
  return outcomes;
}

function read({ location, cache }: TaskSample, limits: Limits): Reading {
  const visit = new SampleVisit(caches, { location, cache, limits });
  const seconds: StageSeconds = {};
  const held = visit.heldImage();
  const file = held === null ? timed(seconds, 'read', () => visit.read()) : null;
  // It is awaited in its turn; until then its failure must not count as unhandled.
  file?.catch(() => {});
  return { visit, held, file, seconds };
}

async function abandon({ visit, file }: Reading): Promise<void> {
  await file?.catch(() => {});
  visit.abandon();
}

async function endingOf<S>(
  sample: S,
  reading: Reading,
  act: (sample: S, reading: Reading) => Promise<Ending>,
): Promise<Ending> {
  try {
    return await act(sample, reading);
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error;
    if (error.reason === 'SAMPLE_CORRUPT')
      return { status: 'corrupt', reason: error.metadata.cause ?? error.message, seconds: reading.seconds };
    return { status: 'error', error: { reason: error.reason, detail: error.detail } };
  }
}

async function make(task: MakeTask, sample: MakeSample, { visit, held, file, seconds }: Reading): Promise<Ending> {
  const bytes = await file;
  let drawn: Draw | undefined;
  const crop = await timed(seconds, 'decode', async () => {
    const image = held ?? (await probe(bytes!, task.limits));
    drawn = drawSample(task, sample, image);
    const box = drawn.geometry.crop;
    return held === null ? visit.decode(bytes!, image, box) : visit.heldCrop(image, box);
  });
  kernels ??= SimdKernels.create();
  const { size, form } = task;
  const out = new Uint8Array(task.bytes, sample.offset, sampleBytes(form?.type ?? 'UINT8', size));
  const start = performance.now();
  let placed: PlacedCrop | null = null;
  const suffix = splitSteps(drawn!.steps, task.operations);
  if (form === null) {
    if (sample.crops !== null && suffix === 0) placed = placeCrop(sample.crops, crop, drawn!.geometry);
    if (placed === null) kernels.runPrefix(crop, drawn!, suffix, size, out);
    seconds.kernels = since(start);
  } else if (form.type === 'UINT8' && form.layout === 'NHWC') {
    kernels.run(crop, drawn!, size, out);
    seconds.kernels = since(start);
  } else {
    const pixels = scratchOf(size);
    kernels.run(crop, drawn!, size, pixels);
    seconds.kernels = since(start);
    const packStart = performance.now();
    packSample(pixels, size, form, drawn!.erase, out);
    seconds.pack = since(packStart);
  }
  crop.release?.();
  // Here the bytes are still in this core's cache.
  return { status: 'ok', draw: drawn!, suffix, placed, crc32: form === null ? null : crc32(out), seconds };
}

async function draw(task: DrawTask, sample: TaskSample, { held, file, seconds }: Reading): Promise<Ending> {
  const bytes = await file;
  const image = held ?? (await timed(seconds, 'decode', () => probe(bytes!, task.limits)));
  const drawn = drawSample(task, sample, image);
  return { status: 'ok', draw: drawn, suffix: drawn.steps.length, placed: null, crc32: null, seconds };
}

function pack(task: PackTask): Packed {
  const start = performance.now();
  const pixels = new Uint8Array(task.pixels, task.pixelsOffset, sampleBytes('UINT8', task.size));
  const out = new Uint8Array(task.bytes, task.offset, sampleBytes(task.form.type, task.size));
  packSample(pixels, task.size, task.form, task.erase, out);
  return { crc32: crc32(out), seconds: { pack: since(start) } };
}

function check({ bytes, length }: CheckTask): Packed {
  return { crc32: crc32(new Uint8Array(bytes, 0, length)), seconds: {} };
}

function drawSample({ split, size, knobs }: TaskRun, { seed }: TaskSample, image: ImageSize): Draw {
  return split === 'train' ? drawTrain(seed, image, size, knobs) : drawEvaluation(image, size, knobs.interpolation);
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
