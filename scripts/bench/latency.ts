import { closeSync, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { Loader } from '../../src/client/loader.js';
import { type RunningReplica, startReplica, tributary } from './replica.js';

/** Seconds from asking an idle replica for a batch that it has not made yet until the batch is there, once for each epoch. */
export async function firstBatchSeconds(
  replica: RunningReplica,
  run: string,
  epochs: readonly number[],
): Promise<number[]> {
  const loader = await Loader.connect({ address: replica.address, run: { name: run } });
  try {
    await loader.describe();
    const seconds: number[] = [];
    for (const epoch of epochs) {
      const start = performance.now();
      for await (const _ of loader.batches(epoch, 3, 1)) seconds.push((performance.now() - start) / 1000);
    }
    return seconds;
  } finally {
    loader.close();
  }
}

/** Seconds from the start of the process until a replica serves. */
export async function startSeconds(config: string): Promise<number> {
  const replica = await startReplica(config, 'auto');
  await replica.stop();
  return replica.readySeconds;
}

/**
 * Makes a source of so many files without contents, in the layout of ImageNet, indexes it, and measures how long replicas
 * take to serve it.
 */
export async function startWithSamples(folder: string, samples: number, times: number): Promise<number[]> {
  const root = join(folder, 'start');
  await rm(root, { recursive: true, force: true });
  for (let i = 0; i < samples; i++) {
    const inside = join(root, 'data', 'train', `n${String(Math.floor(i / 1000)).padStart(8, '0')}`);
    if (i % 1000 === 0) mkdirSync(inside, { recursive: true });
    const file = openSync(join(inside, `n${i}.JPEG`), 'w');
    ftruncateSync(file, 100_000 + (i % 1000));
    closeSync(file);
  }
  const config = join(root, 'tributary.yaml');
  const sources = { made: { path: join(root, 'data') } };
  const runs = { start: { recipe: 'dinov3', sources: ['made'], global_batch: 64 } };
  await writeFile(config, stringify({ index: join(root, 'index'), sources, runs }));
  await tributary('index', '--config', config);
  const seconds: number[] = [];
  for (let time = 0; time < times; time++) seconds.push(await startSeconds(config));
  await rm(root, { recursive: true, force: true });
  return seconds;
}
