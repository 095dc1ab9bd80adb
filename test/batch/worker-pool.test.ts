import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { constants, getPriority } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { StageSeconds } from '../../src/batch/sample-task.js';
import { WorkerPool } from '../../src/batch/worker-pool.js';
import { planShare } from '../../src/plan/plan.js';
import { viewsOf } from '../../src/run/views.js';
import { drawingOf } from '../../src/sample/draw-sample.js';
import { temporaryFolder } from '../sources/tree.js';
import { smallRun } from './small-run.js';

const vectors = fileURLToPath(new URL('../../../test/vectors/images', import.meta.url));
const address = { epoch: 0, step: 0, rank: 0, worldSize: 1 };

test('threads answer in the order of the slots and tell how long each took; what fails is thrown', async (t) => {
  const images = join(await temporaryFolder(t), 'images');
  await cp(vectors, images, { recursive: true });
  const open = await smallRun(t, {}, images);
  const told: StageSeconds[] = [];
  const pool = new WorkerPool(2, (seconds) => told.push(seconds));
  t.after(() => pool.close());
  assert.deepEqual([pool.threads, pool.concurrency], [2, 4]);
  const slots = planShare(open.plan, address).map((sample, slot) => ({ sample, slot }));
  const drawing = drawingOf(open.run, viewsOf(open.run));
  const outcomes = await pool.draw(open, slots, drawing);
  const alone = await Promise.all(slots.map(async (one) => (await pool.draw(open, [one], drawing))[0]));
  assert.deepEqual(outcomes, alone);
  assert.equal(told.length, 2 * slots.length);
  assert.ok(told.every(({ read, decode }) => read! >= 0 && decode! >= 0));
  await rm(images, { recursive: true });
  await assert.rejects(pool.draw(open, slots, drawing), /SOURCE_CHANGED|expected/);
});

test('threads leave cores to the main thread where those are scarce', async (t) => {
  const pool = new WorkerPool(2);
  t.after(() => pool.close());
  await pool.ready;
  const own = getPriority(process.pid);
  const nicer = readdirSync('/proc/self/task').filter((thread) => getPriority(Number(thread)) > own);
  const expected = own < constants.priority.PRIORITY_LOW ? pool.threads : 0;
  assert.equal(nicer.length, expected);
});
