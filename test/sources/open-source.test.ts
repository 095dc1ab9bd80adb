import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openOrIndexSource, openSource } from '../../src/sources/open-source.js';
import { temporaryFolder, writeTree } from './tree.js';

test('a source without a manifest is refused with the command, or indexed', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, { 'data/train/a.jpg': 1 });
  const options = { name: 's', path: join(root, 'data'), split: 'train' as const, indexFolder: join(root, 'index') };
  await assert.rejects(openSource(options), { reason: 'NOT_INDEXED', message: /`tributary index`/ });
  const counts: number[] = [];
  assert.equal((await openOrIndexSource(options, ({ count }) => counts.push(count))).count, 1);
  assert.equal((await openOrIndexSource(options, ({ count }) => counts.push(count))).count, 1);
  assert.deepEqual(counts, [1]);
  assert.equal((await openSource(options)).count, 1);
  await writeTree(root, { 'data/train/cat/b.jpg': 1 });
  await assert.rejects(openSource(options), { reason: 'NOT_INDEXED', message: /imagenet layout/ });
});
