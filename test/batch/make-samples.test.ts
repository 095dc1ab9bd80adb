import assert from 'node:assert/strict';
import { cp, readdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BatchCargos } from '../../src/batch/batch-cargos.js';
import { FairQueue } from '../../src/batch/fair-queue.js';
import { type MadeSample, makeSamples } from '../../src/batch/make-samples.js';
import { WorkerPool } from '../../src/batch/worker-pool.js';
import { planShare, successor } from '../../src/plan/plan.js';
import type { OpenRun } from '../../src/runs/open-run.js';
import { temporaryFolder } from '../sources/tree.js';
import { smallRun } from './small-run.js';

const vectors = fileURLToPath(new URL('../../../test/vectors/images', import.meta.url));
const address = { epoch: 0, step: 0, rank: 0, worldSize: 1 };

async function make(t: TestContext, open: OpenRun): Promise<{ made: MadeSample[]; told: number[] }> {
  const pool = new WorkerPool(2);
  t.after(() => pool.close());
  const queue = new FairQueue(pool.concurrency);
  const told: number[] = [];
  const form = { type: 'UINT8', axes: 'NHWC' } as const;
  const tensor = new SharedArrayBuffer(6 * 48 * 48 * 3);
  const slots = planShare(open.plan, address).map((sample, slot) => ({ sample, slot }));
  const tools = { pool, queue, onSample: (_: string, corrupt: readonly unknown[]) => told.push(corrupt.length) };
  const room = { form, tensor };
  const turn = { flow: queue.flow(), signal: new AbortController().signal };
  const batch = { run: '', size: 48, samples: slots.length, room };
  const cargos = new BatchCargos({ allotment: null, pool, queue }, batch, turn);
  const groups = await Promise.allSettled(await makeSamples(tools, { open, address, form }, slots, room, cargos, turn));
  const failed = groups.find((group) => group.status === 'rejected');
  if (failed) throw failed.reason;
  return { made: groups.flatMap((group) => (group.status === 'fulfilled' ? group.value : [])), told };
}

test('a damaged file gives its slot to the next of its walk, and the bound is told', async (t) => {
  const images = join(await temporaryFolder(t), 'images');
  await cp(vectors, images, { recursive: true });
  const open = await smallRun(t, {}, images);
  const sound = await make(t, open);
  assert.ok(sound.made.every(({ left, sample }) => left.kind === 'tensor' && sample.corrupt.length === 0));
  const [first] = planShare(open.plan, address);
  const key = open.manifests[0]!.key(first!.index);
  await truncate(join(images, key), 0);
  const counts = { corrupt: 0, sound: 0 };
  const counted = { ...open, countSample: (isCorrupt: boolean) => void counts[isCorrupt ? 'corrupt' : 'sound']++ };
  const { made, told } = await make(t, counted);
  const next = successor(open.plan, 0, first!, 1);
  assert.equal(made[0]!.sample.index, next.index);
  assert.equal(made[0]!.sample.seed, next.seed);
  assert.deepEqual(
    made[0]!.sample.corrupt.map((one) => one.key),
    [key],
  );
  assert.deepEqual(made.slice(1), sound.made.slice(1), 'another slot noticed');
  assert.deepEqual([counts, told.toSorted()], [{ corrupt: 1, sound: 6 }, [0, 0, 0, 0, 0, 1]]);
  await assert.rejects(make(t, { ...open, run: { ...open.run, on_corrupt: 'fail' } }), /SAMPLE_CORRUPT|readable image/);
});

test('a source without a readable file ends the batch', async (t) => {
  const images = join(await temporaryFolder(t), 'images');
  await cp(vectors, images, { recursive: true });
  const open = await smallRun(t, {}, images);
  for (const name of await readdir(images)) await truncate(join(images, name), 0);
  await assert.rejects(make(t, { ...open, countSample: () => {} }), /readable image among/);
});
