import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { hereCalls } from '../../../../src/sources/storage/local/calls.js';
import { listFolder } from '../../../../src/sources/storage/local/list-folder.js';
import { temporaryFolder } from '../../tree.js';

test('a name that is not UTF-8 is told, and one that has the mark of such a name is a file', async (context) => {
  const root = await temporaryFolder(context);
  await writeFile(join(root, 'good\ufffd.jpg'), '');
  await writeFile(Buffer.concat([Buffer.from(join(root, 'bad')), Buffer.from([0xff]), Buffer.from('.jpg')]), '');
  const entries = await listFolder(root, root, hereCalls);
  assert.deepEqual(
    entries.map(({ kind, name }) => `${kind} ${name}`),
    ['name_not_utf8 bad\ufffd.jpg', 'file good\ufffd.jpg'],
  );
});
