import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
// The threads share what it makes.
import '../decode/room.js';
import { SampleCaches } from '../cache/sample-caches.js';
import { TributaryError } from '../errors.js';
import { threadArguments } from '../memory/thread-arguments.js';
import type { PlannedSample } from '../plan/input.js';
import { viewsOf } from '../run/views.js';
import type { Drawing } from '../sample/draw-sample.js';
import type { Manifest } from '../sources/manifest/manifest.js';
import type { ResolvedRun } from './batch.js';
import type { GroupTensor } from './group-tensors.js';
import type {
  Answer,
  BatchBuffers,
  DrawTask,
  Finished,
  FinishTask,
  FlatError,
  MakeTask,
  Offer,
  Outcome,
  StageSeconds,
} from './sample-task.js';
import { partOfPlace, placesInThread, stalledInThread, tasksInPlace } from './thread-places.js';

/** A planned sample, and its place in the batch. */
export interface PlannedSlot {
  readonly sample: PlannedSample;
  readonly slot: number;
}

/** What a sample is taken to cost before any of its run was made: reading and decoding it, and each pixel of it. */
const [secondsAtFirst, secondsOfPixel] = [0.002, 1e-7];

/** Where a batch's samples go, and what is made of each. */
export interface BatchPlaces extends BatchBuffers {
  readonly drawing: Drawing;
  readonly abandoned?: Int32Array;
  /** Of each group of views. */
  readonly tensors: readonly GroupTensor[];
}

/** The worker threads. `close` ends them after their current tasks. */
export class WorkerPool {
  readonly threads: number;
  /** Places for tasks: what finds none only waits. */
  readonly concurrency: number;
  /** Settles once every thread has begun; rejects where one could not. */
  readonly ready: Promise<void>;
  readonly #piscina: Piscina;
  readonly #observe: (seconds: StageSeconds) => void;
  readonly #caches: SampleCaches;
  #taskSeconds = 0;
  /** Seconds of a sample of each run, on average over the last ones. */
  readonly #sampleSeconds = new WeakMap<ResolvedRun, number>();

  constructor(
    threads: number = availableParallelism(),
    observe: (seconds: StageSeconds) => void = () => {},
    caches: SampleCaches = new SampleCaches({ memory: 0, decoded: 0 }, null),
  ) {
    this.#caches = caches;
    this.threads = threads;
    this.concurrency = threads * placesInThread;
    this.#observe = observe;
    this.#piscina = new Piscina({
      execArgv: [...threadArguments],
      filename: new URL('./sample-worker.js', import.meta.url).href,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: (placesInThread + stalledInThread) * tasksInPlace,
      workerData: caches.buffers,
    });
    this.ready = begun(this.#piscina);
    // Whoever serves awaits it; until then its failure must not count as unhandled.
    this.ready.catch(() => {});
  }

  /** Seconds for which a task takes a place, on average over the last ones. */
  get taskSeconds(): number {
    return this.#taskSeconds;
  }

  /** Seconds that a sample of this run takes of a place for tasks; before there is any, what its pixels let expect. */
  secondsOf(open: ResolvedRun): number {
    const known = this.#sampleSeconds.get(open);
    if (known !== undefined) return known;
    const pixels = viewsOf(open.run).reduce((sum, { size, knobs }) => sum + size ** 2 * knobs.length, 0);
    return secondsAtFirst + pixels * secondsOfPixel;
  }

  /** Makes samples of a batch, one after the other in one thread. Throws the first error; corruption is an outcome. */
  make(
    open: ResolvedRun,
    slots: readonly PlannedSlot[],
    { drawing, tensors, ...room }: BatchPlaces,
    offers: readonly (Offer | null)[] = [],
  ): Promise<Outcome[]> {
    return this.#run(open, slots, { kind: 'make', drawing, tensors, ...room, offers });
  }

  /** Draws for samples and no more, as `make` does. */
  draw(open: ResolvedRun, slots: readonly PlannedSlot[], drawing: Drawing): Promise<Outcome[]> {
    return this.#run(open, slots, { kind: 'draw', drawing });
  }

  /** Finishes views that were stowed in a cargo, in one thread. */
  async finish(task: FinishTask): Promise<readonly Finished[]> {
    const finished = (await this.#piscina.run(task)) as readonly Finished[];
    for (const { seconds } of finished) this.#observe(seconds);
    return finished;
  }

  async #run(
    open: ResolvedRun,
    slots: readonly PlannedSlot[],
    act: Omit<DrawTask, 'limits' | 'samples'> | Omit<MakeTask, 'limits' | 'samples'>,
  ): Promise<Outcome[]> {
    const { manifests, run } = open;
    const { limits } = run;
    const samples = slots.map(({ sample: { source, index, seed }, slot }) => {
      const manifest = manifests[source]!;
      return { location: manifest.location(index), whereabouts: this.#caches.take(manifest, index), seed, slot };
    });
    let answers: readonly Answer[] = [];
    const start = performance.now();
    try {
      answers = await this.#piscina.run({ ...act, limits, samples });
      const part = partOfPlace(
        manifests,
        slots.map(({ sample }) => sample),
      );
      const seconds = (part * (performance.now() - start)) / 1000;
      this.#taskSeconds += (seconds - this.#taskSeconds) / 16;
      const before = this.secondsOf(open);
      if (act.kind === 'make') this.#sampleSeconds.set(open, before + (seconds / slots.length - before) / 16);
    } finally {
      for (const [i, { source, index }] of slots.map(({ sample }) => sample).entries())
        this.#caches.give(manifests[source]!, index, samples[i]!.whereabouts, answers[i]?.news ?? []);
    }
    return answers.map(({ outcome, seconds }, i) => {
      if (outcome.status === 'abandoned') throw new Error('the batch is called off');
      if (outcome.status === 'error') {
        const { source, index } = slots[i]!.sample;
        throw named(outcome, manifests[source]!, index);
      }
      this.#observe(seconds);
      return outcome;
    });
  }

  async close(): Promise<void> {
    await this.#piscina.close();
  }
}

/** The error of a sample, with its name: a person may have to look at the file. */
function named({ reason, detail }: FlatError, manifest: Manifest, index: number): TributaryError {
  const key = manifest.key(index);
  return new TributaryError(reason, {
    ...detail,
    came: `${detail.came}, at ${key} of source ${manifest.source}`,
    metadata: { ...detail.metadata, source: manifest.source, key },
  });
}

/** @throws TributaryError THREADS_FAILED where a thread ends before it is ready. */
async function begun(piscina: Piscina): Promise<void> {
  let failed: (error: Error) => void = () => {};
  const failure = new Promise<never>((_, reject) => {
    failed = reject;
  });
  // A thread that fails without a task is told here, and would end the process if nobody listened.
  piscina.on('error', (error: Error) => failed(threadsFailed(piscina.options.minThreads, error)));
  failure.catch(() => {});
  await Promise.race([failure, Promise.all(piscina.threads.map((thread) => once(thread, 'message')))]);
}

function threadsFailed(threads: number, error: Error): TributaryError {
  return new TributaryError('THREADS_FAILED', {
    expected: `${threads} worker threads that begin`,
    came: error.message,
    remedy: `Allow the process ${descriptorsFor(threads)} open files (ulimit -n) and memory for its threads, or start it with fewer --workers`,
    cause: error,
  });
}

/** Open files of a replica beside its connections to clients: its own, and those of threads, their decoders, their reads and their requests. */
export const descriptorsOf = (threads: number) => 56 + 40 * threads;
/** Open files that a replica of so many worker threads needs, with 200 connections. */
const descriptorsFor = (threads: number) => descriptorsOf(threads) + 200;
