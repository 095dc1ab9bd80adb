import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { bounds } from '../contract/bounds.js';
import { TributaryError } from '../errors.js';
import { type Config, checkInlineRun } from '../run/config.js';
import type { Run } from '../run/run.js';
import type { InlineAnswer } from './inline-thread.js';

/** The longest rest after a text, in milliseconds. */
const mostRest = 1_000;

/**
 * Reads runs that requests carry, in a thread of its own: how long a parser takes over a text that somebody has made for it is known only
 * afterwards. The thread begins with the first text, and ends with one that takes too long.
 */
export class InlineReader {
  readonly #config: Config;
  #thread: Promise<Worker> | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(config: Config) {
    this.#config = config;
  }

  /** Reads one run, after those that were asked for before. @throws TributaryError TOO_MUCH_ASKED, and as `parseInlineRun` does. */
  read(text: string): Promise<Run> {
    checkInlineRun(text);
    let began = 0;
    const read = this.#last.then(() => {
      began = performance.now();
      return this.#read(text);
    });
    // The cores are for batches: reading has half of one at the most.
    const rest = (): Promise<unknown> => wait(Math.min(mostRest, performance.now() - began));
    this.#last = read.then(rest, rest);
    return read;
  }

  async #read(text: string): Promise<Run> {
    this.#thread ??= started(this.#config);
    const thread = await this.#thread.catch((error: unknown) => {
      this.#thread = null;
      throw error;
    });
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), bounds.inlineSeconds * 1000);
    thread.ref();
    try {
      const answered = once(thread, 'message', { signal: late.signal }) as Promise<[InlineAnswer]>;
      thread.postMessage(text);
      const [answer] = await answered;
      if ('run' in answer) return answer.run;
      if ('reason' in answer) throw new TributaryError(answer.reason, answer.detail);
      throw new Error(answer.fault);
    } catch (error) {
      if (error instanceof TributaryError) throw error;
      this.#thread = null;
      await thread.terminate();
      throw late.signal.aborted ? tooLong() : error;
    } finally {
      clearTimeout(timer);
      thread.unref();
    }
  }
}

/** A thread that has loaded what it needs. It keeps no process from its end. */
async function started(config: Config): Promise<Worker> {
  const file = new URL('./inline-thread.js', import.meta.url);
  const thread = new Worker(file, {
    workerData: config,
    resourceLimits: { maxOldGenerationSizeMb: 128, stackSizeMb: 4 },
  });
  await once(thread, 'message');
  return thread;
}

function tooLong(): TributaryError {
  return new TributaryError('TOO_MUCH_ASKED', {
    expected: `an inline run that is read within ${bounds.inlineSeconds} s`,
    came: 'one that takes longer',
    remedy: 'Write it plainly, with the keys of a run alone, or put it into the config and ask for it by name',
  });
}
