import assert from 'node:assert/strict';
import { cp, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { planBatch } from '../../src/batch/plan-batch.js';
import { WorkerPool } from '../../src/batch/worker-pool.js';
import { planShare } from '../../src/plan/plan.js';
import { temporaryFolder } from '../sources/tree.js';
import { smallRun } from './small-run.js';

const vectors = fileURLToPath(new URL('../../../test/vectors/images', import.meta.url));
const address = { epoch: 1, step: 0, rank: 0, worldSize: 1 };

test('a plan names the samples of a step without a thread, and draws them with one', async (t) => {
  const images = join(await temporaryFolder(t), 'images');
  await cp(vectors, images, { recursive: true });
  const open = await smallRun(t, {}, images);
  const plain = await planBatch(null, open, address, true);
  const share = planShare(open.plan, address);
  assert.deepEqual(
    plain.map(({ key, seed, draw, corrupt }) => [key, seed, draw, corrupt]),
    share.map(({ index, seed }) => [open.manifests[0]!.key(index), seed, null, null]),
  );
  await truncate(join(images, plain[0]!.key), 0);
  const pool = new WorkerPool(1);
  t.after(() => pool.close());
  const [damaged, ...sound] = await planBatch(pool, open, address, true);
  assert.deepEqual([damaged!.key, damaged!.draw, damaged!.corrupt], [plain[0]!.key, null, 'SIZE_CHANGED']);
  for (const { draw, corrupt } of sound.filter(({ key }) => key !== damaged!.key)) {
    assert.equal(corrupt, null);
    assert.equal(draw!.views[0]!.geometry.window.width, 48);
  }
});
