import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { listShards } from '../../../src/sources/scan/shards.js';
import { temporaryFolder, writeTree } from '../tree.js';

test('shards are the *.tar that are regular files inside, by name', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, {
    'in/s/b.tar': 2,
    'in/s/a.tar': 1,
    'in/s/.c.tar': 1,
    'in/s/d.txt': 1,
    ...Object.fromEntries(['e.tar.gz', 'f.tgz', 'g.tar.zst', 'B.TAR'].map((name) => [`in/s/${name}`, 1])),
    'out.tar': 1,
  });
  await mkdir(join(root, 'in/s/folder.tar'));
  await symlink('a.tar', join(root, 'in/s/link.tar'));
  await symlink('../../out.tar', join(root, 'in/s/out.tar'));
  const { shards, leftOut } = await listShards({ root: join(root, 'in'), folder: 's' });
  assert.deepEqual(
    shards.map(({ name, bytes }) => [name, bytes]),
    [
      ['a.tar', 1],
      ['b.tar', 2],
      ['link.tar', 1],
    ],
  );
  assert.deepEqual(
    leftOut.map(({ kind, count, examples }) => `${count} ${kind} ${examples}`),
    ['1 link_outside out.tar', '1 not_a_file folder.tar', '4 shard_suffix B.TAR,e.tar.gz,f.tgz', '1 hidden .c.tar'],
  );
});
