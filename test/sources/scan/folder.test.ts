import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { indexSource } from '../../../src/sources/index-source.js';
import { readSample } from '../../../src/sources/storage/read-sample.js';
import { temporaryFolder, writeTree } from '../tree.js';

test('only regular files inside the source are samples, and the rest is told', async (context) => {
  const root = await temporaryFolder(context);
  const path = join(root, 'data');
  await writeTree(root, { 'outside.jpg': 9 });
  await writeTree(path, { 'a.jpg': 1, 'folder.jpg/b.jpg': 2, 'below/c.jpg': 3 });
  execFileSync('mkfifo', [join(path, 'fifo.jpg')]);
  const server = createServer().listen(join(path, 'socket.jpg'));
  context.after(() => server.close());
  await symlink('../outside.jpg', join(path, 'out.jpg'));
  await symlink('nowhere', join(path, 'dangling.jpg'));
  await symlink('below/c.jpg', join(path, 'in.jpg'));
  await symlink('below', join(path, 'linked'));
  await symlink('.', join(path, 'below/loop'));
  await writeFile(Buffer.concat([Buffer.from(join(path, 'bad')), Buffer.from([0xff]), Buffer.from('.jpg')]), 'x');
  const { manifest, report } = await indexSource({ name: 's', path, split: 'train', indexFolder: join(root, 'index') });
  const keys = Array.from({ length: manifest.count }, (_, i) => manifest.key(i));
  assert.deepEqual(keys, ['a.jpg', 'below/c.jpg', 'folder.jpg/b.jpg', 'in.jpg']);
  for (let i = 0; i < manifest.count; i++)
    assert.equal((await readSample(manifest.location(i))).length, manifest.size(i));
  const leftOut = report.leftOut.map(({ kind, count, examples }) => `${count} ${kind} ${examples}`);
  assert.deepEqual(leftOut, [
    '1 link_outside out.jpg',
    '1 link_broken dangling.jpg',
    '2 linked_folder below/loop,linked',
    '1 name_not_utf8 bad\\xff.jpg',
    '2 not_a_file fifo.jpg,socket.jpg',
  ]);
  assert.deepEqual(report.losses, [{ name: '', lost: 7, of: 11 }]);
});
