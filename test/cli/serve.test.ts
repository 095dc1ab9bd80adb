import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { Loader } from '../../src/client/loader.js';
import { indexedSamples, sevenRun, sevenSources, startServer } from '../fleet.js';

test('a replica’s process tells its runs and what it runs on, and indexes what is missing where it is told to', async (t) => {
  const config = join(await indexedSamples(t), '..', 'fresh.yaml');
  const { coco } = sevenSources().sources;
  const run = sevenRun({ sources: ['coco'], image_size: 32, global_batch: 2 });
  await writeFile(config, stringify({ index: './fresh', sources: { coco }, runs: { fresh: run } }));
  await assert.rejects(startServer(t, 'serve', ['--config', config]), /ended with 2: .*NOT_INDEXED/s);
  const flags = ['--index-missing', '--workers', '1', '--backend', 'cpu', '--cache-memory', '1MiB'];
  const server = await startServer(t, 'serve', ['--config', config, ...flags]);
  const told = server.log.find(({ msg }) => msg === 'run')!;
  assert.deepEqual([told.run, told.epochs], ['fresh', 3]);
  assert.deepEqual(
    [server.serving.backend, server.serving.device, server.serving.workers],
    ['cpu', 'cpu (generic)', 1],
  );
  const loader = await Loader.connect({ address: server.address, run: { name: 'fresh' }, patience: 10 });
  t.after(() => loader.close());
  assert.equal((await loader.describe()).fingerprint, told.fingerprint);
  for await (const { header } of loader.batches(0, 0, 1)) assert.equal(header.samples.length, 2);
});
