import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { usageOf } from './process-usage.js';
import type { RunningReplica } from './replica.js';
import { stagesBetween } from './stage-seconds.js';

/** One contestant's figures in one round. */
export interface Measurement {
  readonly images: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  /** CPU milliseconds an image by group of processes: `loader`, `replica`, `main thread` (of the replica), `client`. */
  readonly cpuMs: Readonly<Record<string, number>>;
  /** Milliseconds an image in each of the replica's stages, waiting for a core included. */
  readonly stageMs: Readonly<Record<string, number>>;
  /** Milliseconds for which a client held its caller's event loop, where it tells. */
  readonly delayMs: Readonly<Record<string, number>>;
}

interface Ended {
  readonly images: number;
  readonly seconds: number;
  readonly delays?: Readonly<Record<string, number>>;
}

/** What is run, and how its CPU time is called. */
export interface Measured {
  readonly command: readonly string[];
  /** `loader` or `client`: what the command's own processes are. */
  readonly group: string;
  readonly replica: RunningReplica | null;
}

/**
 * Runs one contestant: a command that says when its measured time begins and ends. CPU time and stages are read at
 * both moments, so that neither the start of processes nor their end counts.
 */
export async function measure({ command, group, replica }: Measured): Promise<Measurement> {
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ['ignore', 'pipe', 'inherit'],
    // As many threads for sharp as a replica gives it.
    env: { ...process.env, UV_THREADPOOL_SIZE: String(Math.max(4, availableParallelism() + 2)) },
  });
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const read = async () => ({
    own: usageOf(child.pid!),
    replica: replica === null ? null : usageOf(replica.pid),
    stages: (await replica?.stages()) ?? new Map(),
  });
  let before: ReturnType<typeof read> | undefined;
  let after: ReturnType<typeof read> | undefined;
  let done: Ended = { images: 0, seconds: 0 };
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { event: string } & Ended;
    if (event.event === 'begin') before = read();
    else {
      after = read();
      done = event;
    }
  }
  const code = await exit;
  if (code !== 0 || before === undefined || after === undefined)
    throw new Error(`${command.join(' ')} ended with ${code}`);
  const [from, to] = [await before, await after];
  const { images, seconds, delays = {} } = done;
  const perImage = (used: number) => (1000 * used) / images;
  return {
    images,
    seconds,
    imagesPerSecond: images / seconds,
    cpuMs: {
      [group]: perImage(to.own.all - from.own.all),
      ...(to.replica === null
        ? {}
        : {
            replica: perImage(to.replica.all - from.replica!.all),
            'main thread': perImage(to.replica.firstThread - from.replica!.firstThread),
          }),
    },
    stageMs: stagesBetween(from.stages, to.stages),
    delayMs: delays,
  };
}
