import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeWhole } from '../../../../src/sources/storage/local/write-whole.js';
import { temporaryFolder } from '../../tree.js';

test('a file is there whole or as it was', async (context) => {
  const path = join(await temporaryFolder(context), 'index/m.arrow');
  await writeWhole(path, (file) => file.writeFile('one'));
  const cut = async () => {
    throw new Error('no room');
  };
  await assert.rejects(writeWhole(path, cut), /no room/);
  assert.equal(await readFile(path, 'utf8'), 'one');
  assert.deepEqual(await readdir(join(path, '..')), ['m.arrow']);
});
