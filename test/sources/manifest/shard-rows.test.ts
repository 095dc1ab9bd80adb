import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { indexSource } from '../../../src/sources/index-source.js';
import { readSample } from '../../../src/sources/storage/read-sample.js';
import { age, tarOf, temporaryFolder, writeTree } from '../tree.js';

test('shards of unchanged size and time are not read again', async (context) => {
  const root = await temporaryFolder(context);
  const paths = [0, 1, 2].map((i) => join(root, `shards/${i}.tar`));
  await writeTree(root, { 'shards/readme.txt': 1 });
  for (const [i, path] of paths.entries())
    await writeFile(
      path,
      await tarOf([
        [`${i}.txt`, 'text'],
        [`${i}.jpg`, `image ${i}`],
      ]),
    );
  await age(...paths);
  const options = { name: 's', path: root, split: 'train' as const, indexFolder: join(root, 'index') };
  const first = await indexSource(options);
  assert.equal(first.report.reusedShards, 0);
  await rm(paths[0]!);
  await writeFile(paths[1]!, await tarOf([['new.jpg', 'another']]));
  const second = await indexSource(options);
  assert.equal(second.report.reusedShards, 1);
  assert.deepEqual([second.manifest.key(0), second.manifest.key(1)], ['1.tar/new.jpg', '2.tar/2.jpg']);
  assert.equal((await readSample(second.manifest.location(1))).toString(), 'image 2');
  assert.equal((await readSample(second.manifest.sibling(1, 'txt')!)).toString(), 'text');
  await rm(options.indexFolder, { recursive: true });
  const fresh = await indexSource(options);
  assert.equal(fresh.manifest.fingerprint, second.manifest.fingerprint);
  assert.equal((await readFile(second.report.manifestPath)).length > 0, true);
});
