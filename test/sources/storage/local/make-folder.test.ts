import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../../../../src/sources/storage/local/make-folder.js';
import { temporaryFolder } from '../../tree.js';

test('a folder is made with those above it, more than once, and a file system that cannot is no endless loop', async (context) => {
  const path = join(await temporaryFolder(context), 'a/b/c');
  await Promise.all([makeFolder(path), makeFolder(path)]);
  await makeFolder(path);
  assert.ok((await stat(path)).isDirectory());
  await assert.rejects(makeFolder('/proc/none/below'), { code: 'ENOENT' });
});
