import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { indexedSamples, sevenRun, startServer, temporaryFolder, tributary } from '../fleet.js';
import { filesOf } from '../guarantees/damage.js';

const runs = {
  whole: sevenRun({ image_size: 48, sample_t: 0 }),
};
const lines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('plan, find and mixture agree with each other and with what is fetched', async (t) => {
  const config = await indexedSamples(t, runs);
  const cwd = dirname(config);
  const [file] = await filesOf(config, 'coco/images/train2017', 'coco');
  const found = lines(
    (
      await tributary(
        ['find', '--run', 'whole', '--source', 'coco', '--key', file!.key, '--epoch', '1', '--world-size', '4'],
        { cwd },
      )
    ).stdout,
  );
  assert.equal(found.length, 1);
  const [{ step, slot, rank }] = found;
  const plans = lines((await tributary(['plan', '--run', 'whole', '--epoch', '1', '--steps', '0..6'], { cwd })).stdout);
  assert.deepEqual(
    plans.map((plan) => plan.step),
    [0, 1, 2, 3, 4, 5, 6],
  );
  assert.equal(plans[step].samples[slot].key, file!.key);
  assert.equal(rank, Math.floor(slot / 2));
  const counts = new Map<string, number>();
  for (const { source } of plans.slice(2, 5).flatMap(({ samples }) => samples))
    counts.set(source, (counts.get(source) ?? 0) + 1);
  const mixture = lines(
    (await tributary(['mixture', '--run', 'whole', '--epoch', '1', '--steps', '2..4'], { cwd })).stdout,
  );
  for (const { source, count } of mixture) assert.equal(count, counts.get(source) ?? 0, source);

  const replica = await startServer(t, 'serve', ['--config', config]);
  const out = await temporaryFolder(t);
  const fetched = await tributary([
    'fetch',
    '--address',
    replica.address,
    '--run',
    'whole',
    '--epoch',
    '1',
    '--step',
    String(step),
    '--world-size',
    '4',
    '--rank',
    String(rank),
    '--out',
    out,
  ]);
  assert.equal(fetched.code, 0, fetched.stderr);
  const header = JSON.parse(await readFile(join(out, `0001-0000000${step}-r${rank}of4.json`), 'utf8'));
  const mine = ['plan', '--run', 'whole', '--epoch', '1', '--steps', `${step}..${step}`, '--world-size', '4'];
  const [own] = lines((await tributary([...mine, '--rank', String(rank)], { cwd })).stdout);
  assert.ok(own.seed > 0);
  assert.equal(header.seed, own.seed, 'the seed of the batch');
  const planned = plans[step].samples.slice(2 * rank, 2 * rank + 2);
  for (const [i, { source, key, seed }] of header.samples.entries())
    assert.deepEqual([source, key, seed], [planned[i].source, planned[i].key, planned[i].seed]);
});
