import { writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { mersenneTwister } from '../../src/sample/mersenne-twister.js';
import { type Client, type Taken, Trainer } from '../../test/network/trainers.js';
import { ended } from '../server-process.js';
import { clockEnvironment } from './clock.js';
import type { RunName } from './sources.js';

/** What a trainer does: all epochs again and again, step by step, or batches here and there. */
export interface Task {
  readonly client: Client;
  readonly run: RunName;
  readonly rank: number;
  readonly worldSize: number;
  readonly way: 'epochs' | 'sweep';
}

/** Every task of the nemesis. */
export const tasks: readonly Task[] = [
  { client: 'TypeScript', run: 'near', rank: 0, worldSize: 1, way: 'epochs' },
  { client: 'Python', run: 'near', rank: 0, worldSize: 2, way: 'epochs' },
  { client: 'TypeScript', run: 'near', rank: 1, worldSize: 2, way: 'epochs' },
  { client: 'Python', run: 'far', rank: 0, worldSize: 1, way: 'epochs' },
  { client: 'TypeScript', run: 'poisoned', rank: 0, worldSize: 1, way: 'sweep' },
  { client: 'Python', run: 'near', rank: 0, worldSize: 1, way: 'sweep' },
];

/** Epochs that are gone through. */
export const epochs = 3;

/** A share of a run, by which its undisturbed epochs are known. */
export function shareOf({ run, rank, worldSize }: Pick<Task, 'run' | 'rank' | 'worldSize'>): string {
  return `${run}, rank ${rank} of ${worldSize}`;
}

/** The batches of each share's epochs, undisturbed. */
export type Undisturbed = ReadonlyMap<string, readonly (readonly Taken[])[]>;

interface Options {
  readonly addresses: string;
  readonly authority: string;
  readonly tokenFile: string;
  readonly clockFile: string;
  readonly mark: NodeJS.ProcessEnv;
  readonly onFinding: (finding: string) => void;
  readonly spoil?: Spoil | undefined;
}

/** Makes something else of the n-th batch of a task: what is to be found out, that the nemesis itself can be tested. */
export type Spoil = (task: Task, n: number, taken: Taken) => Taken;

/** Seconds in which a trainer must get a batch, whatever happens. */
const patience = 120;

/** A trainer that goes on until it is told, and compares every batch with the undisturbed one. */
export class NemesisTrainer {
  readonly task: Task;
  readonly #options: Options;
  readonly #undisturbed: readonly (readonly Taken[])[];
  readonly #name: string;
  /** Batches that were compared. */
  batches = 0;
  longestWait = 0;
  #trainer!: Trainer;
  #isKilled = false;
  #isEnding = false;
  #back: Promise<unknown> = Promise.resolve();
  #done: Promise<void> = Promise.resolve();

  constructor(task: Task, undisturbed: readonly (readonly Taken[])[], options: Options) {
    this.task = task;
    this.#options = options;
    this.#undisturbed = undisturbed;
    this.#name = `the ${task.client} trainer of ${shareOf(task)}, ${task.way}`;
    writeFileSync(options.clockFile, '+0');
  }

  begin(): void {
    this.#start();
    const all = this.task.way === 'epochs' ? this.#epochs() : this.#sweep();
    this.#done = all.catch((error: Error) => this.#options.onFinding(`${this.#name}: ${error.message}`));
  }

  /** Kills it, to be started again after so many seconds: it goes on from the next batch. */
  kill(seconds: number): void {
    this.#isKilled = true;
    this.#back = wait(seconds * 1000);
    this.#trainer.process.kill('SIGKILL');
  }

  suspend(isOn: boolean): void {
    this.#trainer.process.kill(isOn ? 'SIGSTOP' : 'SIGCONT');
  }

  get clockFile(): string {
    return this.#options.clockFile;
  }

  /** Lets it take its batch, and ends it. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#done;
    this.#trainer.process.stdin!.end();
    const stuck = setTimeout(() => {
      this.#options.onFinding(`${this.#name} does not end`);
      this.#trainer.process.kill('SIGKILL');
    }, 20_000);
    await ended(this.#trainer.process);
    clearTimeout(stuck);
  }

  #start(): void {
    const { addresses, authority, tokenFile, clockFile, mark } = this.#options;
    const { client, run, rank, worldSize } = this.task;
    const environment = { ...mark, ...clockEnvironment(clockFile) };
    const via = ['env', ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)];
    // One of the Python trainers takes its batches by the wire.
    if (run === 'far') via.push('TRIBUTARY_LEND=0');
    const options = { address: addresses, run, rank, worldSize, authority, tokenFile, patience };
    this.#isKilled = false;
    this.#trainer = new Trainer({ after: () => {} }, client, via, options);
  }

  async #epochs(): Promise<void> {
    for (let epoch = 0; ; epoch = (epoch + 1) % epochs) {
      const expected = this.#undisturbed[epoch]!;
      let step = 0;
      const whole = await this.#again(async () => {
        // It may have been killed as it asked for the end.
        if (step === expected.length) return true;
        await this.#trainer.begin(epoch, step);
        for (;;) {
          const taken = await this.#next();
          if (taken === null) break;
          this.#compare(epoch, step++, taken, expected);
          if (this.#isEnding) return false;
        }
        if (step !== expected.length) throw new Error(`epoch ${epoch} ended after ${step} of ${expected.length} steps`);
        return true;
      });
      if (!whole) return;
    }
  }

  async #sweep(): Promise<void> {
    const random = mersenneTwister(1);
    while (!this.#isEnding) {
      const epoch = random.randint(0, epochs);
      const expected = this.#undisturbed[epoch]!;
      let step = random.randint(0, expected.length);
      const end = Math.min(expected.length, step + random.randint(1, 4));
      await this.#again(async () => {
        await this.#trainer.begin(epoch, step);
        while (step < end) this.#compare(epoch, step++, await this.#next(), expected);
        return true;
      });
    }
  }

  /** Does it, and again with a new process each time that this one has been killed meanwhile. */
  async #again(act: () => Promise<boolean>): Promise<boolean> {
    for (;;)
      try {
        return await act();
      } catch (error) {
        if (!this.#isKilled) throw error;
        await ended(this.#trainer.process);
        await this.#back;
        this.#start();
      }
  }

  async #next(): Promise<Taken | null> {
    const start = performance.now();
    const taken = await this.#trainer.next();
    this.longestWait = Math.max(this.longestWait, (performance.now() - start) / 1000);
    // A trainer has work of its own, and leaves the machine to others meanwhile.
    await wait(30);
    return taken && (this.#options.spoil?.(this.task, this.batches, taken) ?? taken);
  }

  #compare(epoch: number, step: number, taken: Taken | null, expected: readonly Taken[]): void {
    const [came, right] = [taken, expected[step]].map((batch) => JSON.stringify({ ...batch, peer: '' }));
    if (came !== right)
      this.#options.onFinding(
        `${this.#name}: epoch ${epoch}, step ${step} is ${came?.slice(0, 400)}, and not ${right?.slice(0, 400)}`,
      );
    this.batches++;
  }
}
