import assert from 'node:assert/strict';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { hereCalls } from '../../../../src/sources/storage/local/calls.js';
import { isInside, leadsInside } from '../../../../src/sources/storage/local/links.js';
import { temporaryFolder } from '../../tree.js';

test('a folder holds itself and what is below it, not its namesakes', () => {
  const verdicts = ['/a', '/a/b', '/ab', '/'].map((path) => isInside(path, '/a'));
  assert.deepEqual(verdicts, [true, true, false, false]);
  assert.ok(isInside('/a', '/'));
});

test('a root that is a link may come to point elsewhere', async (context) => {
  const folder = await temporaryFolder(context);
  for (const name of ['one', 'two']) await mkdir(join(folder, name));
  const root = join(folder, 'root');
  const inside = (name: string) => leadsInside(join(folder, name, 'a.jpg'), [root], hereCalls);
  await symlink('one', root);
  assert.deepEqual([await inside('one'), await inside('two')], [true, false]);
  await rm(root);
  await symlink('two', root);
  assert.equal(await inside('two'), true);
});
