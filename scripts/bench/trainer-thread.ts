import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { python } from '../torchvision-process.js';

/** How much longer a trainer's own work takes beside the Python client, at one rate. */
export interface TrainerThread {
  /** Images/s that were asked for, and that came. */
  readonly asked: number;
  readonly imagesPerSecond: number;
  /** The time of small torch operations beside the client over their time alone: the median of the turns. */
  readonly ratio: number;
  readonly ratios: readonly number[];
  /** CPU milliseconds an image of the trainer's process outside that thread, and of the receiving processes. */
  readonly ownMs: number;
  readonly othersMs: number;
}

const rates = [500, 1500];

/** Runs `trainer_thread.py` on batches that a replica has in memory. */
export async function trainerThread(
  address: string,
  run: string,
  { seconds, turns, options = {} }: { seconds: number; turns: number; options?: object },
): Promise<TrainerThread[]> {
  const script = fileURLToPath(new URL('../../../scripts/bench/trainer_thread.py', import.meta.url));
  const { stdout } = await promisify(execFile)(python, [
    script,
    JSON.stringify({ address, run, rates, seconds, turns, options }),
  ]);
  const found = JSON.parse(stdout) as Record<string, Record<string, number> & { ratios: number[] }>;
  return Object.entries(found).map(([asked, figures]) => ({
    asked: Number(asked),
    imagesPerSecond: figures.images_per_second!,
    ratio: figures.ratio!,
    ratios: figures.ratios,
    ownMs: figures.own_ms_an_image_outside_the_thread!,
    othersMs: figures.others_ms_an_image!,
  }));
}
