import { availableParallelism } from 'node:os';
import PQueue from 'p-queue';
import { Piscina } from 'piscina';
import { threadArguments } from '../../memory/thread-arguments.js';
import { unreadable } from '../storage/unreadable.js';
import runScan, { type Outcome, type Scans, type ScanTask } from './thread.js';

/** So many samples are scanned on the calling thread before threads are started, which costs more than scanning them. */
const scannedInline = 4096;

/** More threads than cores: on network storage they wait most of the time. */
const threads = Math.min(16, Math.max(4, 2 * availableParallelism()));

/** Scans folders and shards, on threads of its own where there are many. Close it after use. */
export class Scanner {
  #pool: Piscina<ScanTask, Outcome> | null = null;
  #inline = scannedInline;
  /** One at a time, so that what each has found counts before the next. */
  readonly #here = new PQueue({ concurrency: 1 });

  /** @throws TributaryError SOURCE_UNREADABLE */
  async run<S extends keyof Scans>(scan: S, task: ScanTask<S>['task']): Promise<Awaited<ReturnType<Scans[S]>>> {
    const here = await this.#here.add(async () => {
      if (this.#inline <= 0) return null;
      const outcome = await runScan({ scan, task });
      this.#inline -= 16 + ('value' in outcome ? outcome.value.count : 0);
      return outcome;
    });
    const outcome = here ?? (await this.#away({ scan, task }));
    if ('fault' in outcome) throw unreadable(outcome.fault);
    return outcome.value as Awaited<ReturnType<Scans[S]>>;
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await this.#pool?.destroy();
  }

  #away(task: ScanTask): Promise<Outcome> {
    const filename = new URL('./thread.js', import.meta.url).href;
    this.#pool ??= new Piscina({ filename, minThreads: 1, maxThreads: threads, execArgv: [...threadArguments] });
    return this.#pool.run(task);
  }
}
