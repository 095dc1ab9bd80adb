import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeOutputFolder, writeOutput } from '../../src/cli/output.js';
import { temporaryFolder } from '../fleet.js';

test('a file is written whole, in the place of what was there, and nothing is left beside it', async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'out');
  writeOutput(file, 'one, ', Buffer.from('two'));
  assert.equal(await readFile(file, 'utf8'), 'one, two');
  writeOutput(file, 'three');
  assert.equal(await readFile(file, 'utf8'), 'three');
  writeOutput('/dev/null', 'gone');
  assert.deepEqual(await readdir(folder), ['out']);
});

test('a place that cannot be written to is refused, and leaves no part', async (t) => {
  const folder = await temporaryFolder(t);
  const refusal = { reason: 'ARGUMENT_INVALID' };
  assert.throws(() => writeOutput(join(folder, 'none', 'file'), 'x'), refusal);
  await mkdir(join(folder, 'taken'));
  assert.throws(() => writeOutput(join(folder, 'taken'), 'x'), refusal);
  await writeFile(join(folder, 'file'), '');
  await assert.rejects(makeOutputFolder(join(folder, 'file', 'inside')), refusal);
  await chmod(folder, 0o755);
  await makeOutputFolder(join(folder, 'a', 'b'));
  assert.deepEqual((await readdir(folder)).sort(), ['a', 'file', 'taken']);
});
