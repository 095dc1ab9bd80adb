import assert from 'node:assert/strict';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { folderReader } from '../../src/cache/folder-reader.js';
import type { CacheNews } from '../../src/cache/lookup.js';
import { storageReader } from '../../src/cache/sample-reader.js';
import { temporaryFolder } from '../sources/tree.js';
import { lookupOf } from './lookups.js';

const images = fileURLToPath(new URL('../../../test/vectors/images/', import.meta.url));

test('a full disk, a folder that is a file and damage cost a warning, never a byte', async (context) => {
  const folder = await temporaryFolder(context);
  const path = join(images, 'shapes.jpg');
  const file = await readFile(path);
  await writeFile(join(folder, 'file'), 'no folder');
  const read = folderReader(storageReader);
  const newsOf = async (place: string): Promise<readonly CacheNews[]> => {
    const lookup = lookupOf(path, file, {
      in: 'folder',
      file: { path: place, mayStore: true, isBeingStored: false, size: 0 },
    });
    const { bytes, end } = await read(lookup);
    assert.ok(bytes.equals(file));
    await end();
    return lookup.news;
  };
  const [missed, failed] = await newsOf(join(folder, 'file', 'ab', 'x'));
  assert.deepEqual([missed?.kind, failed?.kind], ['missed', 'failed']);
  assert.ok(failed?.kind === 'failed' && failed.isWrite);
  const place = join(folder, 'ab', 'name');
  assert.deepEqual(await newsOf(place), [{ kind: 'missed' }, { kind: 'stored' }]);
  assert.deepEqual(await newsOf(place), [{ kind: 'found' }]);
  await rm(place);
  await mkdir(join(place, 'inside'), { recursive: true });
  assert.deepEqual(await newsOf(place), [
    { kind: 'missed' },
    { kind: 'damaged', came: 'no regular file' },
    { kind: 'stored' },
  ]);
  assert.deepEqual(await newsOf(place), [{ kind: 'found' }]);
});

test('a damaged file is taken away, but for the one that another task puts in its place meanwhile', async (context) => {
  const folder = await temporaryFolder(context);
  const path = join(images, 'shapes.jpg');
  const file = await readFile(path);
  const place = join(folder, 'name');
  await writeFile(place, 'damaged');
  const read = folderReader(storageReader);
  const lookAt = async (isBeingStored: boolean): Promise<void> => {
    const kept = { path: place, mayStore: false, isBeingStored, size: 0 };
    const { bytes, end } = await read(lookupOf(path, file, { in: 'folder', file: kept }));
    assert.ok(bytes.equals(file));
    await end();
  };
  await lookAt(true);
  await access(place);
  await lookAt(false);
  await assert.rejects(access(place), { code: 'ENOENT' });
});
