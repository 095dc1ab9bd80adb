import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

/** A batch as a trainer reports it. */
export interface Taken {
  readonly step: number;
  readonly crc32: number;
  /** The replica that sent it; empty where the client does not tell. */
  readonly peer: string;
  /** Source, key, seed and CRC-32 of each sample. */
  readonly samples: readonly string[];
}

/** The two clients. */
export const clients = ['TypeScript', 'Python'] as const;
export type Client = (typeof clients)[number];

const script = fileURLToPath(new URL('./trainer.js', import.meta.url));
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Options that make a client notice things soon, by the names of TypeScript; Python has the same with underscores. */
const quick = { lanes: 2, lease: 2, stallTimeout: 4, patience: 60, resolveInterval: 1 };

function optionsOf(client: Client, options: object): object {
  if (client === 'TypeScript') return options;
  const underscored = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [underscored(name), value]));
}

/** An error that a trainer reports. */
export class TrainerError extends Error {
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** A trainer process. It does nothing of its own accord: each batch is asked for by the test. */
export class Trainer {
  readonly process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #errors = '';

  /** @param via what the command starts with: the host that it runs on. */
  constructor(
    t: Pick<TestContext, 'after'>,
    client: Client,
    via: readonly string[],
    options: { address: string; [name: string]: unknown },
  ) {
    const given = JSON.stringify(optionsOf(client, { ...quick, ...options }));
    const command =
      client === 'TypeScript'
        ? [process.execPath, script, given]
        : ['/usr/bin/python3', `${root}test/network/trainer.py`, given];
    const [program, ...args] = [...via, ...command];
    this.process = spawn(program!, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PYTHONPATH: `${root}python/src` },
    });
    this.process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    // One that is killed is told by the end of its answers.
    this.process.stdin!.on('error', () => {});
    this.#answers = createInterface({ input: this.process.stdout! })[Symbol.asyncIterator]();
    t.after(() => this.process.kill('SIGKILL'));
  }

  /** Begins an epoch at a step. */
  async begin(epoch: number, step = 0): Promise<void> {
    await this.#ask(`epoch ${epoch} ${step}`);
  }

  /** The next batch; null at the end of the epoch. */
  async next(): Promise<Taken | null> {
    const answer = await this.#ask('next');
    return 'end' in answer ? null : (answer as unknown as Taken);
  }

  /** What is left of an epoch. `during` runs after each batch, before the next one is asked for. */
  async epoch(
    epoch: number,
    during: (step: number, batch: Taken) => Promise<void> | void = () => {},
    step = 0,
  ): Promise<Taken[]> {
    await this.begin(epoch, step);
    const taken: Taken[] = [];
    for (let batch = await this.next(); batch !== null; batch = await this.next()) {
      taken.push(batch);
      await during(batch.step, batch);
    }
    return taken;
  }

  async #ask(line: string): Promise<Record<string, unknown>> {
    this.process.stdin!.write(`${line}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`the trainer has ended: ${this.#errors}`);
    const answer = JSON.parse(value) as Record<string, unknown>;
    if ('error' in answer) throw new TrainerError(String(answer.error), String(answer.message));
    return answer;
  }
}

/** The CRC-32 of every batch. */
export function sums(taken: readonly Taken[]): number[] {
  return taken.map((batch) => batch.crc32);
}

/**
 * Epoch 0 with several trainers, step by step, and something done after each step. Every batch must be the canonical one.
 * Returns the longest time in seconds that one of them waited for a step.
 */
export async function together(
  trainers: readonly Trainer[],
  canonical: readonly number[],
  during: (step: number) => Promise<void> | void = () => {},
): Promise<number> {
  await Promise.all(trainers.map((trainer) => trainer.begin(0)));
  let longest = 0;
  for (const [step, crc32] of canonical.entries()) {
    const start = performance.now();
    const taken = await Promise.all(trainers.map((trainer) => trainer.next()));
    for (const batch of taken) assert.deepEqual([batch?.step, batch?.crc32], [step, crc32]);
    if (step > 0) longest = Math.max(longest, (performance.now() - start) / 1000);
    await during(step);
  }
  for (const trainer of trainers) assert.equal(await trainer.next(), null);
  return longest;
}
