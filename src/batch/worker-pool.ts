import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
// The threads decode, and only the main thread can say what they may.
import '../decode/allow-list.js';
import { SampleCaches } from '../cache/sample-caches.js';
import { TributaryError } from '../errors.js';
import type { PlannedSample } from '../plan/input.js';
import type { ResolvedRun } from './batch.js';
import type {
  Answer,
  BatchBuffers,
  DrawTask,
  Finished,
  FinishTask,
  MakeTask,
  Offer,
  Outcome,
  StageSeconds,
} from './sample-task.js';

/** A planned sample, and its place in the batch. */
export interface PlannedSlot {
  readonly sample: PlannedSample;
  readonly slot: number;
}

/** What a sample is taken to cost before any of its run was made: reading and decoding it, and each pixel of it. */
const [secondsAtFirst, secondsOfPixel] = [0.002, 1e-7];

/**
 * The worker threads. Two tasks are in each thread at a time, so that one is read, or decoded by libvips' thread, while
 * the other is in the kernels. `close` ends the threads after their current tasks.
 */
export class WorkerPool {
  readonly threads: number;
  /** Tasks that run at a time: more than that only wait. */
  readonly concurrency: number;
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
    this.concurrency = threads * 2;
    this.#observe = observe;
    this.#piscina = new Piscina({
      filename: new URL('./sample-worker.js', import.meta.url).href,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 2,
      workerData: caches.buffers,
    });
  }

  /** Seconds of a task from its start to its answer, on average over the last ones. */
  get taskSeconds(): number {
    return this.#taskSeconds;
  }

  /** Seconds that a sample of this run takes of a place for tasks; before there is any, what its pixels let expect. */
  secondsOf(open: ResolvedRun): number {
    return this.#sampleSeconds.get(open) ?? secondsAtFirst + open.run.image_size ** 2 * secondsOfPixel;
  }

  /** Makes samples of a batch, one after the other in one thread. Throws the first error; corruption is an outcome. */
  make(
    open: ResolvedRun,
    slots: readonly PlannedSlot[],
    room: BatchBuffers,
    offer: Offer | null = null,
  ): Promise<Outcome[]> {
    return this.#run(open, slots, { kind: 'make', ...room, offer });
  }

  /** Draws for samples and no more, as `make` does. */
  draw(open: ResolvedRun, slots: readonly PlannedSlot[]): Promise<Outcome[]> {
    return this.#run(open, slots, { kind: 'draw' });
  }

  /** Finishes samples that were stowed in a cargo, in one thread. */
  async finish(task: FinishTask): Promise<readonly Finished[]> {
    const finished = (await this.#piscina.run(task)) as readonly Finished[];
    for (const { seconds } of finished) this.#observe(seconds);
    return finished;
  }

  async #run(
    open: ResolvedRun,
    slots: readonly PlannedSlot[],
    act: Pick<DrawTask, 'kind'> | (Pick<MakeTask, 'kind' | 'offer'> & BatchBuffers),
  ): Promise<Outcome[]> {
    const { run, manifests } = open;
    const { evaluate, knobs, image_size: size, resize_size: resizeSize, limits } = run;
    const samples = slots.map(({ sample: { source, index, seed }, slot }) => {
      const manifest = manifests[source]!;
      return { location: manifest.location(index), whereabouts: this.#caches.take(manifest, index), seed, slot };
    });
    let answers: readonly Answer[] = [];
    const start = performance.now();
    try {
      answers = await this.#piscina.run({ ...act, evaluate, knobs, size, resizeSize, limits, samples });
      const seconds = (performance.now() - start) / 1000;
      this.#taskSeconds += (seconds - this.#taskSeconds) / 16;
      const before = this.secondsOf(open);
      if (act.kind === 'make') this.#sampleSeconds.set(open, before + (seconds / slots.length - before) / 16);
    } finally {
      for (const [i, { source, index }] of slots.map(({ sample }) => sample).entries())
        this.#caches.give(manifests[source]!, index, samples[i]!.whereabouts, answers[i]?.news ?? []);
    }
    return answers.map(({ outcome, seconds }) => {
      if (outcome.status === 'error') throw new TributaryError(outcome.reason, outcome.detail);
      this.#observe(seconds);
      return outcome;
    });
  }

  async close(): Promise<void> {
    await this.#piscina.close();
  }
}
