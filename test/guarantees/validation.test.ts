import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { indexedSamples, sevenRun, startServer, temporaryFolder, tributary } from '../fleet.js';
import { all, loaderOn, slotsOf } from './epoch.js';

/** 4 + 4 samples: two steps, the last of 3. */
const runs = {
  checked: sevenRun({ sources: ['imagenet', 'coco'], split: 'val', global_batch: 5, image_size: 48, seed: 1 }),
};

test('validation streams every sample once, in order, with a short last batch and empty shares', async (t) => {
  const config = await indexedSamples(t, runs);
  const replica = await startServer(t, 'serve', ['--config', config]);
  const loader = await loaderOn(t, [replica], 'checked');
  const { classNames, sources, evaluate } = await loader.describe();
  const [imagenet, coco] = sources;
  assert.deepEqual([classNames, coco!.classCount, evaluate], [imagenet!.classNames, 0, true]);
  const whole = await all(loader.batches(0));
  for (const { label, className } of slotsOf(whole).map(({ sample }) => sample))
    assert.equal(className, label === undefined ? '' : classNames[label]);
  assert.deepEqual(
    whole.map(({ header }) => header.shape[0]),
    [5, 3],
  );
  const keys = slotsOf(whole).map(({ sample }) => `${sample.source}/${sample.key}`);
  assert.equal(new Set(keys).size, 8);
  assert.deepEqual(
    keys,
    [...keys].sort((a, b) => Number(a.startsWith('coco')) - Number(b.startsWith('coco')) || (a < b ? -1 : 1)),
  );
  const again = await all(loader.batches(1));
  for (const [step, { data }] of again.entries())
    assert.ok(data.equals(whole[step]!.data), 'epochs of validation are alike');

  const shares = await Promise.all(
    [0, 1, 2, 3, 4].map(async (rank) =>
      all((await loaderOn(t, [replica], 'checked', { rank, worldSize: 5 })).batches(0)),
    ),
  );
  assert.deepEqual(
    shares.map((share) => share.map(({ header }) => header.shape[0])),
    [
      [1, 1],
      [1, 1],
      [1, 1],
      [1, 0],
      [1, 0],
    ],
  );
  for (const [step, { data }] of whole.entries())
    assert.ok(Buffer.concat(shares.map((share) => share[step]!.data)).equals(data));
  const empty = shares[4]![1]!;
  assert.deepEqual(
    [empty.header.shape, empty.data.length, empty.crc32, empty.header.samples],
    [[0, 48, 48, 3], 0, 0, []],
  );
  assert.equal(empty.header.nextCursor, whole[1]!.header.nextCursor);

  const out = await temporaryFolder(t);
  const place = ['--address', replica.address];
  const fetch = [
    'fetch',
    ...place,
    '--run',
    'checked',
    '--epoch',
    '0',
    '--step',
    '1',
    '--world-size',
    '5',
    '--rank',
    '4',
  ];
  const fetched = await tributary([...fetch, '--data-type', 'float32', '--out', out]);
  assert.equal(fetched.code, 0, fetched.stderr);
  const npy = await readFile(join(out, '0000-00000001-r4of5.npy'));
  assert.match(npy.toString('latin1'), /'descr': '<f4', 'fortran_order': False, 'shape': \(0, 48, 48, 3\)/);
  assert.equal(npy.length % 64, 0);
  const replayed = await tributary(['replay', join(out, '0000-00000001-r4of5.json'), ...place]);
  assert.equal(replayed.code, 0, replayed.stderr);
});
