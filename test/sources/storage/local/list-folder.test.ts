import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { hereCalls } from '../../../../src/sources/storage/local/calls.js';
import { listFolder } from '../../../../src/sources/storage/local/list-folder.js';
import { temporaryFolder } from '../../tree.js';

test('a name that is not UTF-8 is told, and one that has the mark of such a name is a file', async (context) => {
  const root = await temporaryFolder(context);
  await writeFile(join(root, 'good\ufffd.jpg'), '');
  await writeFile(Buffer.concat([Buffer.from(join(root, 'bad')), Buffer.from([0xff]), Buffer.from('.jpg')]), '');
  await writeFile(Buffer.concat([Buffer.from(join(root, 'good')), Buffer.from([0xfe]), Buffer.from('.jpg')]), '');
  await mkdir(Buffer.concat([Buffer.from(join(root, 'class')), Buffer.from([0xff])]));
  const entries = await listFolder(root, [root], hereCalls);
  assert.deepEqual(entries.map(({ kind, name }) => `${kind} ${name}`).sort(), [
    'file good\ufffd.jpg',
    'folder_not_utf8 class\\xff',
    'name_not_utf8 bad\\xff.jpg',
    'name_not_utf8 good\\xfe.jpg',
  ]);
});
