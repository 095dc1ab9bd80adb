import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Loader } from '../../src/client/loader.js';
import { temporaryFolder, tributary } from '../fleet.js';
import { serving, servingSchedule, smallReplica } from '../server/small-replica.js';

test('an epoch’s digest is over all its bytes, and a run goes on from its cursor', async (t) => {
  const replica = await smallReplica(t);
  const address = await serving(t, replica);
  const places = ['--address', address, '--schedule', await servingSchedule(t, replica), '--run', 'small'];
  const file = join(await temporaryFolder(t), 'cursor');
  const first = await tributary(['train', ...places, '--epochs', '1', '--batches', '--cursor-file', file]);
  assert.deepEqual([first.code, first.stdout.match(/^0000-0000000\d-r0of1 [0-9a-f]{8} /gm)!.length], [0, 7]);
  const loader = await Loader.connect({ address, run: { name: 'small' } });
  t.after(() => loader.close());
  const digest = createHash('sha256');
  for await (const { data } of loader.batches(0)) digest.update(data);
  assert.match(
    first.stdout,
    new RegExp(`7 batches, 14 images, .*\\n  mix images 100\\.0 %\\n  digest ${digest.digest('hex')}`),
  );
  const cursor = await readFile(file, 'utf8');
  const second = await tributary(['train', ...places, '--cursor', cursor]);
  assert.match(second.stdout, /^epoch 1: weight decay [\d.]+\n {2}7 batches/);
  assert.match(second.stdout, /weight decay of norms and biases at the end: 0\n$/);
});

test('a wait is told on standard error from its first seconds on, once', async (t) => {
  const replica = await smallReplica(t);
  const places = ['--address', '127.0.0.1:1', '--schedule', await servingSchedule(t, replica), '--run', 'small'];
  const { stderr } = await tributary(['train', ...places, '--patience', '5']);
  const [waits] = [
    stderr.match(/^tributary: waiting for 3 s: what the run is \(127\.0\.0\.1:1: .*ECONNREFUSED.*\)$/gm),
  ];
  assert.equal(waits?.length, 1, stderr);
});
