import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder, writeTree } from '../tree.js';

test('a folder that cannot be read is named', {
  skip: process.getuid?.() !== 0 && 'needs root, to give up its right to read everything',
}, async (context) => {
  const root = await temporaryFolder(context);
  await chmod(root, 0o755);
  await writeTree(root, { 'data/a.jpg': 1, 'data/closed/b.jpg': 1 });
  await chmod(join(root, 'data/closed'), 0o000);
  await mkdir(join(root, 'index'));
  const url = new URL('../../../src/sources/index-source.js', import.meta.url).href;
  const program = `const { indexSource } = await import(${JSON.stringify(url)});
    await indexSource({ name: 's', path: ${JSON.stringify(join(root, 'data'))}, split: 'train', indexFolder: ${JSON.stringify(join(root, 'index'))} })
      .catch((error) => console.log(error.reason, error.message));`;
  const said = execFileSync(
    'setpriv',
    // Another user could not read a project that lies below root's home.
    ['--bounding-set=-dac_override,-dac_read_search', process.execPath, '--input-type=module', '-e', program],
    { encoding: 'utf8' },
  );
  assert.match(said, /^SOURCE_UNREADABLE expected to read .*\/data\/closed, but got EACCES/);
});
