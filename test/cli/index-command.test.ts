import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { indexedSamples, sevenSources, tributary } from '../fleet.js';

test('what runs use is indexed for their splits, and the rest for training', async (t) => {
  const config = await indexedSamples(t);
  const { imagenet, coco, flickr } = sevenSources().sources;
  const run = { recipe: 'dinov3', global_batch: 2, image_size: 32, epochs: 1 };
  const runs = { train: { ...run, sources: ['coco'] }, val: { ...run, sources: ['imagenet'], split: 'val' } };
  await writeFile(config, stringify({ index: './fresh', sources: { imagenet, coco, flickr }, runs }));
  const cwd = dirname(config);
  const one = await tributary(['index', '--source', 'flickr'], { cwd });
  assert.equal(one.code, 0, one.stderr);
  assert.match(one.stdout, /^flickr \(train\): \d+ samples, flat, .* fingerprint [0-9a-f]{16}\n$/);
  const plan = ['plan', '--epoch', '0', '--steps', '0', '--run'];
  const refused = await tributary([...plan, 'train'], { cwd });
  assert.match(refused.stderr, /NOT_INDEXED/);
  const all = await tributary(['index'], { cwd });
  for (const name of [/^imagenet \(val\): /m, /^coco \(train\): /m, /^flickr \(train\): /m])
    assert.match(all.stdout, name);
  for (const name of ['train', 'val']) assert.equal((await tributary([...plan, name], { cwd })).code, 0);
});
