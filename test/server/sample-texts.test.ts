import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Sample } from '../../protos/generated/tributary/v1/Sample.js';
import { TributaryError } from '../../src/errors.js';
import { addTexts } from '../../src/server/sample-texts.js';
import { indexSource } from '../../src/sources/index-source.js';
import { tarOf, temporaryFolder, writeTree } from '../sources/tree.js';

test('texts come with their samples; what no message holds is refused by name, before it is read', async (t) => {
  const folder = await temporaryFolder(t);
  const shard = await tarOf([
    ['a.jpg', Buffer.alloc(3, 1)],
    ['a.txt', 'a red ball'],
    ['b.jpg', Buffer.alloc(3, 2)],
    ['b.txt', Buffer.alloc(9 * 2 ** 20, 'x')],
  ]);
  await writeTree(folder, { 'shards/00000.tar': shard });
  const path = join(folder, 'shards');
  const indexFolder = join(folder, 'index');
  const { manifest } = await indexSource({ name: 's', path, split: 'train', indexFolder, layout: 'webdataset' });
  const made = [0, 1].map((index) => ({ source: 's', index, key: manifest.key(index) }));
  const samples: Sample[] = [{}, {}];
  await addTexts({ manifests: [manifest] }, made.slice(0, 1), samples);
  assert.deepEqual(samples, [{ text: 'a red ball' }, {}]);
  await rm(path, { recursive: true });
  await assert.rejects(addTexts({ manifests: [manifest] }, made, samples), (error) => {
    assert.ok(error instanceof TributaryError && error.reason === 'TOO_MUCH_ASKED');
    return error.message.includes(`${made[1]!.key} of source s`);
  });
});
