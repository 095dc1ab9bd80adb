import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallReplica } from './small-replica.js';

test('a replica’s parts make a batch together, and count its samples', async (t) => {
  const replica = await smallReplica(t);
  const open = await replica.runs.open({ name: 'small' });
  const address = { epoch: 0, step: 0, rank: 0, worldSize: 1 };
  const request = { open, address, form: { type: 'UINT8', axes: 'NHWC' } } as const;
  const { batch, give } = await replica.maker.take(request, replica.queue.flow(), new AbortController().signal);
  assert.deepEqual(batch.shape, [2, 32, 32, 3]);
  give();
  const text = await replica.metrics.registry.metrics();
  assert.match(text, /^tributary_samples_total\{result="ok"\} 2$/m);
  assert.match(text, /^tributary_stage_seconds_count\{stage="kernels"\} 2$/m);
  assert.equal(replica.draining.signal.aborted, false);
});
