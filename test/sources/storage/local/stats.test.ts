import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { hereCalls } from '../../../../src/sources/storage/local/calls.js';
import { statsOf, told } from '../../../../src/sources/storage/local/stats.js';
import { age, temporaryFolder } from '../../tree.js';

test('a time is a version once it can be told from a later one', async (context) => {
  const path = join(await temporaryFolder(context), 'a');
  await writeFile(path, 'x');
  assert.equal(told(await statsOf(path, hereCalls)).version, '0');
  await age(path);
  const stats = await statsOf(path, hereCalls);
  assert.deepEqual(told(stats), { kind: 'file', size: 1, version: String(stats.mtimeNs) });
});
