import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { hereCalls } from '../../../../src/sources/storage/local/calls.js';
import { openFile } from '../../../../src/sources/storage/local/open-file.js';
import { temporaryFolder, writeTree } from '../../tree.js';

test('what is no regular file is refused without waiting, and nothing stays open', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, { 'folder/a.jpg': 1 });
  execFileSync('mkfifo', [join(root, 'fifo')]);
  const before = (await readdir('/proc/self/fd')).length;
  for (const name of ['fifo', 'folder'])
    await assert.rejects(openFile(join(root, name), [root], hereCalls), { code: 'NOT_A_FILE', mayPass: false });
  await assert.rejects(openFile(join(root, 'folder/a.jpg'), [join(root, 'fifo')], hereCalls), { code: 'OUTSIDE_ROOT' });
  assert.equal((await readdir('/proc/self/fd')).length, before);
});
