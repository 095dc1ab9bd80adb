import { performance } from 'node:perf_hooks';
import { workerData } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { type PlacedCrop, placeCrop } from '../augment/crop-memory.js';
import { SimdKernels } from '../augment/simd.js';
import { probe } from '../decode/probe.js';
import { TributaryError } from '../errors.js';
import type { Draw } from '../sample/draw.js';
import { drawEvaluation } from '../sample/draw-evaluation.js';
import { drawTrain } from '../sample/draw-train.js';
import type { CacheMemory } from './sample-caches.js';
import type { CheckTask, DrawTask, Ending, MakeTask, Outcome, PackTask, StageSeconds, Task } from './sample-task.js';
import { SampleVisit, threadCaches } from './sample-visit.js';
import { packSample, sampleBytes } from './tensor.js';

/**
 * A worker thread's whole job: read, decode, draw, crop, resize, augment and pack one sample straight into its place of
 * the batch's shared bytes. It holds nothing between tasks but its kernels' memory.
 */
let kernels: SimdKernels | undefined;
let scratch = new Uint8Array(0);
const caches = threadCaches(workerData as CacheMemory | null);

export default async function runTask(task: Task): Promise<Outcome> {
  if (task.kind === 'pack') return pack(task, {});
  if (task.kind === 'check') return check(task);
  const visit = new SampleVisit(caches, task);
  try {
    const ending = await endingOf(task, visit);
    return { ...ending, cache: await visit.end() };
  } catch (error) {
    visit.abandon();
    throw error;
  }
}

async function endingOf(task: MakeTask | DrawTask, visit: SampleVisit): Promise<Ending> {
  const seconds: StageSeconds = {};
  try {
    return await (task.kind === 'draw' ? draw(task, visit, seconds) : make(task, visit, seconds));
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error;
    if (error.reason === 'SAMPLE_CORRUPT')
      return { status: 'corrupt', reason: error.metadata.cause ?? error.message, seconds };
    return { status: 'error', error: { reason: error.reason, detail: error.detail } };
  }
}

async function make(task: MakeTask, visit: SampleVisit, seconds: StageSeconds): Promise<Ending> {
  const held = visit.heldImage();
  const file = held === null ? await timed(seconds, 'read', () => visit.read()) : null;
  let drawn: Draw | undefined;
  const crop = await timed(seconds, 'decode', async () => {
    const image = held ?? (await probe(file!, task.limits));
    drawn = drawSample(task, image);
    const box = drawn.geometry.crop;
    return held === null ? visit.decode(file!, image, box) : visit.heldCrop(image, box);
  });
  kernels ??= await SimdKernels.create();
  const { size, form } = task;
  const length = sampleBytes(form?.type ?? 'UINT8', size);
  const out = new Uint8Array(task.bytes, task.offset, length);
  const start = performance.now();
  let placed: PlacedCrop | null = null;
  if (form === null) {
    if (task.crops !== null) placed = placeCrop(task.crops, crop, drawn!);
    if (placed === null) kernels.reduce(crop, drawn!, size, out);
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
  // Here the bytes are still in this core's cache.
  return { status: 'ok', draw: drawn!, placed, crc32: form === null ? null : crc32(out), seconds };
}

async function draw(task: DrawTask, visit: SampleVisit, seconds: StageSeconds): Promise<Ending> {
  const held = visit.heldImage();
  const file = held === null ? await timed(seconds, 'read', () => visit.read()) : null;
  const image = held ?? (await timed(seconds, 'decode', () => probe(file!, task.limits)));
  return { status: 'ok', draw: drawSample(task, image), placed: null, crc32: null, seconds };
}

function pack(task: PackTask, seconds: StageSeconds): Outcome {
  const start = performance.now();
  const pixels = new Uint8Array(task.pixels, task.pixelsOffset, sampleBytes('UINT8', task.size));
  const out = new Uint8Array(task.bytes, task.offset, sampleBytes(task.form.type, task.size));
  packSample(pixels, task.size, task.form, task.erase, out);
  seconds.pack = since(start);
  return { status: 'packed', crc32: crc32(out), seconds };
}

function check({ bytes, length }: CheckTask): Outcome {
  return { status: 'packed', crc32: crc32(new Uint8Array(bytes, 0, length)), seconds: {} };
}

function drawSample(task: MakeTask | DrawTask, image: { width: number; height: number }): Draw {
  return task.split === 'train'
    ? drawTrain(task.seed, image, task.size, task.knobs)
    : drawEvaluation(image, task.size, task.knobs.interpolation);
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
