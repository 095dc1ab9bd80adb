import { constants, getPriority, setPriority } from 'node:os';
import { performance } from 'node:perf_hooks';
import { workerData } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import PQueue from 'p-queue';
import type { Cargo } from '../augment/cargo.js';
import { SimdKernels } from '../augment/simd.js';
import { splitSteps } from '../augment/split-steps.js';
import { type CargoPlace, stowCrop, stowImage, unstow } from '../augment/stow.js';
import type { Extent } from '../augment/way-costs.js';
import type { SampleImage } from '../cache/decoded-reader.js';
import type { Lookup } from '../cache/lookup.js';
import type { CacheBuffers } from '../cache/sample-caches.js';
import { sampleReader } from '../cache/sample-reader.js';
import type { Crop } from '../decode/crop.js';
import { cutView, decodeUnion, type Union } from '../decode/decode-union.js';
import { TributaryError } from '../errors.js';
import type { Draw } from '../sample/draw.js';
import { drawSample } from '../sample/draw-sample.js';
import { placeOf } from './group-tensors.js';
import type {
  Answer,
  DrawTask,
  Finished,
  FinishTask,
  Left,
  MadeView,
  MakeTask,
  Offer,
  Outcome,
  StageSeconds,
  TaskRun,
  TaskSample,
} from './sample-task.js';
import { type DataType, isPixels, packSample, sampleBytes, type TensorForm } from './tensor.js';
import { placeBytes, placesInThread } from './thread-places.js';

/**
 * A worker thread's whole job: read, decode, draw, crop, resize, augment and pack samples straight into their places of
 * the batch's shared bytes. It holds nothing between tasks but its kernels' and its decoder's memory.
 */
let kernels: SimdKernels | undefined;
let scratch = new Uint8Array(0);
const reader = sampleReader(workerData as CacheBuffers);
/** However many tasks are under way, samples of so many are decoded at a time: those of the task that has come first, first. */
const making = new PQueue({ concurrency: placesInThread });
let tasks = 0;

/** How much nicer than the main thread. */
const niceness = 5;

// Where cores are scarce, the thread that answers every client goes first. Linux takes 0 for the calling thread, not for the process.
setPriority(0, Math.min(constants.priority.PRIORITY_LOW, getPriority(0) + niceness));

export default async function runTask(
  task: MakeTask | DrawTask | FinishTask,
): Promise<readonly Answer[] | readonly Finished[]> {
  switch (task.kind) {
    case 'make':
      return inTurn(task, (sample, image, seconds) => make(task, sample, image, seconds));
    case 'draw':
      return inTurn(task, (sample, image, seconds) => draw(task, sample, image, seconds));
    case 'finish':
      return task.views.map((view) => finish(task, view));
  }
}

/** A sample whose file is on its way. */
interface Reading {
  readonly lookup: Lookup;
  /** Rejects where the file cannot be read. */
  readonly image: Promise<SampleImage>;
  readonly seconds: StageSeconds;
}

type Act = (sample: TaskSample, image: SampleImage, seconds: StageSeconds) => Promise<Answer['outcome']>;

const abandoned = { status: 'abandoned' } as const;

function isAbandoned(task: TaskRun): boolean {
  return task.abandoned !== undefined && Atomics.load(task.abandoned, 0) !== 0;
}

/** One sample after the other, while the next are read: slow storage is asked for a task's files at once. */
async function inTurn(task: TaskRun, act: Act): Promise<readonly Answer[]> {
  const { samples } = task;
  const priority = -tasks++;
  const inPlace: Act = (...given) =>
    making.add(async () => (isAbandoned(task) ? abandoned : act(...given)), { priority });
  const answers: Answer[] = [];
  const readings: Reading[] = [];
  let ahead = 0;
  try {
    for (const [i, sample] of samples.entries()) {
      for (let next = samples[readings.length]; next !== undefined; next = samples[readings.length]) {
        if (isAbandoned(task) || (readings.length > i && ahead + next.location.length > placeBytes)) break;
        ahead += next.location.length;
        readings.push(read(task, next));
      }
      ahead -= sample.location.length;
      const reading = readings[i];
      answers.push(reading ? await answer(sample, reading, inPlace) : { outcome: abandoned, seconds: {}, news: [] });
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
  const { whole, draw } = await timed(seconds, 'decode', async () => {
    const size = await image.size();
    const draw = drawSample(sample.seed, size, task.drawing);
    return { draw, whole: await decodeUnion(draw, size, (box) => image.crop(box)) };
  });
  try {
    if (draw.shared.length > 0) within(seconds, 'kernels', () => ownKernels().applyToWhole(whole.crop, draw.shared));
    const views: MadeView[] = [];
    const makeViews = (): void => {
      for (const [group, tensor] of task.tensors.entries())
        for (let view = 0; view < tensor.count; view++) {
          const at = placeOf(tensor, sample.slot, view);
          views.push(makeView(task, group, at, whole, draw.views[views.length]!, seconds));
        }
    };
    if (draw.views.length > 1) ownKernels().holding(whole.crop, makeViews);
    else makeViews();
    return { status: 'ok', draw, views };
  } finally {
    whole.crop.give?.();
  }
}

function makeView(
  task: MakeTask,
  group: number,
  at: number,
  whole: Union,
  draw: Draw,
  seconds: StageSeconds,
): MadeView {
  const start = performance.now();
  const offer = task.offers[group] ?? null;
  const crop = cutView(whole, draw.geometry.crop);
  const { extent, from } = extentOf(offer, draw);
  const left =
    stow(offer, crop, draw, extent, from, seconds) ?? pack(task, task.tensors[group]!.size, at, crop, draw, seconds);
  return { left, extent, spent: since(start) };
}

/** What a device could do of a view, and from which step on. */
function extentOf(offer: Offer | null, { steps }: Draw): { extent: Extent; from: number } {
  if (offer === null) return { extent: 'nothing', from: steps.length };
  const from = splitSteps(steps);
  if (from === 0) return { extent: 'whole', from };
  return { extent: from < steps.length ? 'suffix' : 'nothing', from };
}

/** Makes what is this thread's of a view that is to go to the device, and puts it into a cargo; null where it does not go. */
function stow(
  offer: Offer | null,
  crop: Crop,
  draw: Draw,
  extent: Extent,
  from: number,
  seconds: StageSeconds,
): Left | null {
  if (offer === null || extent === 'nothing' || offer.ways[extent] === 'threads') return null;
  const start = performance.now();
  for (const [number, cargo] of offer.cargos.entries()) {
    const place = stowIn(cargo, ownKernels(), offer, crop, draw, from);
    if (place === null) continue;
    add(seconds, 'kernels', since(start));
    return { kind: 'cargo', cargo: number, place };
  }
  return null;
}

function stowIn(
  cargo: Cargo,
  kernels: SimdKernels,
  { ways }: Offer,
  crop: Crop,
  draw: Draw,
  from: number,
): CargoPlace | null {
  if (cargo.kind === 'crops') return from === 0 && ways.whole === 'crops' ? stowCrop(cargo, kernels, crop, draw) : null;
  // Without a step there is nothing to be gained.
  if (from === draw.steps.length) return null;
  const pack = (target: Float32Array) => kernels.packPrefix(crop, draw, from, cargo.size, target);
  const z = stowImage(cargo, draw.steps.slice(from), pack);
  return z === null ? null : { z, from, crop: null };
}

/** Makes the whole view, in its place. */
function pack(task: MakeTask, size: number, at: number, crop: Crop, draw: Draw, seconds: StageSeconds): Left {
  const { form } = task;
  const out = bytesAt(task.tensor, form.type, size, at);
  const pixels = isPixels(form) ? out : scratchOf(size);
  within(seconds, 'kernels', () => ownKernels().run(crop, draw, pixels));
  return { kind: 'tensor', crc32: packed(form, size, pixels, out, draw, seconds) };
}

/** Packs finished pixels into their place, where they are not there already, and gives the CRC-32 of its bytes. */
function packed(
  form: TensorForm,
  size: number,
  pixels: Uint8Array,
  out: Uint8Array,
  { erase }: Draw,
  seconds: StageSeconds,
): number {
  if (pixels !== out) within(seconds, 'pack', () => packSample(pixels, size, form, erase, out));
  // Here the bytes are still in this core's cache.
  return crc32(out);
}

async function draw(task: DrawTask, sample: TaskSample, image: SampleImage, seconds: StageSeconds): Promise<Outcome> {
  const size = await timed(seconds, 'decode', () => image.size());
  return { status: 'ok', draw: drawSample(sample.seed, size, task.drawing), views: [] };
}

function finish(task: FinishTask, { at, place, draw }: FinishTask['views'][number]): Finished {
  const { cargo, form } = task;
  const start = performance.now();
  const out = bytesAt(task.tensor, form.type, cargo.size, at);
  const pixels = isPixels(form) ? out : scratchOf(cargo.size);
  unstow(cargo, ownKernels(), place, task.isDone ? null : draw, pixels);
  const crc = packed(form, cargo.size, pixels, out, draw, {});
  // What follows the device is one stage.
  return { crc32: crc, spent: since(start), seconds: { pack: since(start) } };
}

function bytesAt(memory: SharedArrayBuffer, type: DataType, size: number, at: number): Uint8Array {
  return new Uint8Array(memory, at, sampleBytes(type, size));
}

function ownKernels(): SimdKernels {
  kernels ??= SimdKernels.create();
  return kernels;
}

function scratchOf(size: number): Uint8Array {
  const length = sampleBytes('UINT8', size);
  if (scratch.length < length) scratch = new Uint8Array(length);
  return scratch.subarray(0, length);
}

async function timed<T>(seconds: StageSeconds, stage: keyof StageSeconds, act: () => Promise<T>): Promise<T> {
  const start = performance.now();
  try {
    return await act();
  } finally {
    add(seconds, stage, since(start));
  }
}

function within(seconds: StageSeconds, stage: keyof StageSeconds, act: () => void): void {
  const start = performance.now();
  act();
  add(seconds, stage, since(start));
}

/** A sample's views follow one another in a stage. */
function add(seconds: StageSeconds, stage: keyof StageSeconds, more: number): void {
  seconds[stage] = (seconds[stage] ?? 0) + more;
}

function since(start: number): number {
  return (performance.now() - start) / 1000;
}
