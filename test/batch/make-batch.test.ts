import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backend } from '../../src/augment/backend.js';
import { openGpuBackend } from '../../src/augment/gpu/gpu-backend.js';
import { openBackend } from '../../src/augment/open-backend.js';
import type { Batch } from '../../src/batch/batch.js';
import { FairQueue } from '../../src/batch/fair-queue.js';
import { makeBatch } from '../../src/batch/make-batch.js';
import { sampleBytes, type TensorForm } from '../../src/batch/tensor.js';
import { readConfig } from '../../src/cli/options.js';
import { indexedRuns } from '../../src/cli/runs.js';
import type { OpenRun } from '../../src/runs/open-run.js';
import { indexedSamples, sevenRun } from '../fleet.js';

const forms: readonly TensorForm[] = [
  { type: 'UINT8', axes: 'NHWC' },
  { type: 'FLOAT32', axes: 'NCHW' },
];

test('batches are the same whether worker threads resize or the device does, through make-batch and its threads', async (t) => {
  const config = await indexedSamples(t, {
    plain: sevenRun({ image_size: 160 }),
    policy: sevenRun({ recipe: 'default' }),
    sometimes: sevenRun({ recipe: 'default', auto_augment: 'autoaugment', image_size: 128 }),
  });
  // after the sample set is drawn: from here on this process decodes what the allow-list names, and it is drawn as SVG
  const { WorkerPool } = await import('../../src/batch/worker-pool.js');
  const runs = indexedRuns(await readConfig(config));
  const pool = new WorkerPool(2);
  t.after(() => pool.close());
  const device = await openGpuBackend('webasm', { crops: true });
  t.after(() => device.close());
  let taken = 0;
  let changed = 0;
  const counted: Backend = {
    ...device,
    apply: (pixels, size, parts, lent, crops) => {
      taken += crops?.length ?? 0;
      changed += parts.length;
      return device.apply(pixels, size, parts, lent, crops);
    },
  };
  const make = async (open: OpenRun, form: TensorForm, backend: Backend, step: number): Promise<Batch> => {
    const queue = new FairQueue(pool.concurrency);
    const count = open.run.global_batch;
    const room = (type: TensorForm['type']) => new SharedArrayBuffer(count * sampleBytes(type, open.run.image_size));
    const tensor = room(form.type);
    const pixels = form.type === 'UINT8' ? tensor : room('UINT8');
    const request = { open, form, address: { epoch: 0, step, rank: 0, worldSize: 1 } };
    const tools = { pool, queue, backend, onSample: () => {} };
    return makeBatch(tools, request, { form, tensor, pixels }, queue.flow(), new AbortController().signal);
  };
  for (const name of ['plain', 'policy', 'sometimes']) {
    const open = await runs.open({ name });
    for (const form of forms)
      for (const step of [0, 1]) {
        const expected = await make(open, form, await openBackend('simd'), step);
        const came = await make(open, form, counted, step);
        assert.deepEqual(came.data, expected.data, `${name} ${form.type} step ${step}`);
        assert.deepEqual(came.samples, expected.samples);
      }
    // few samples of the recipe default have the device's operations alone, some end with one, and most have none to send
    if (name === 'plain') assert.ok(taken > 0);
    else assert.ok(taken + changed > 0 && taken + changed < 32, `${name}: ${taken} and ${changed}`);
    t.diagnostic(`${name}: ${taken} of 32 crops on the device, ${changed} resized samples`);
    taken = 0;
    changed = 0;
  }
});
