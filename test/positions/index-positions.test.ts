import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findPositions } from '../../src/decode/baseline-jpeg.js';
import { readTables } from '../../src/decode/jpeg-tables.js';
import { indexPositions } from '../../src/positions/index-positions.js';
import { indexSource } from '../../src/sources/index-source.js';
import { openPositions } from '../../src/sources/manifest/positions-file.js';
import { readSample } from '../../src/sources/storage/read-sample.js';
import { noNginx, startNginx } from '../sources/storage/http/nginx.js';
import { tarOf, temporaryFolder, writeTree } from '../sources/tree.js';
import { mixedSource } from './positioned-source.js';

const parquet = fileURLToPath(new URL('../../../test/sources/parquet/', import.meta.url));

for (const kind of ['files', 'members of a tar file'])
  test(`each sample's positions are those of its own bytes: ${kind}`, async (context) => {
    const { root, options, files, sound } = await mixedSource(context);
    let path = options.path;
    if (kind !== 'files') {
      path = join(root, 'web');
      await mkdir(join(path, 'shards'), { recursive: true });
      await writeFile(join(path, 'shards/00000.tar'), await tarOf(Object.entries(files)));
    }
    const { manifest } = await indexSource({ ...options, path });
    const told: number[] = [];
    const kept = join(root, 'index/s.train.positions');
    const report = await indexPositions(manifest, kept, ({ count }) => told.push(count));
    assert.equal(told.at(-1), manifest.count);
    assert.equal(report.found, sound.length);
    const file = openPositions(kept)!;
    let bytes = 0;
    for (let index = 0; index < manifest.count; index++) {
      const key = manifest.key(index).replace(/^.*\//, '');
      const positions = file.read(index);
      if (!sound.includes(key)) assert.equal(positions, null, key);
      else assert.deepEqual(Buffer.from(positions!), findPositions(files[key]!, readTables(files[key]!)!), key);
      bytes += positions?.length ?? 0;
    }
    assert.deepEqual([report.bytes, report.sampleBytes], [bytes, manifest.details.bytes]);
    assert.ok(bytes > 0 && bytes < report.sampleBytes / 20, `${bytes} of ${report.sampleBytes}`);
  });

test('each row of Parquet files has positions in its own bytes, packed or not', async (context) => {
  const root = await temporaryFolder(context);
  const options = { name: 's', path: parquet, split: 'train' as const, indexFolder: join(root, 'index') };
  const { manifest } = await indexSource(options);
  const kept = join(root, 'index/s.train.positions');
  const { found } = await indexPositions(manifest, kept);
  assert.ok(found >= 5);
  const file = openPositions(kept)!;
  let same = 0;
  for (let index = 0; index < manifest.count; index++) {
    const bytes = await readSample(manifest.location(index));
    const tables = readTables(bytes);
    const positions = file.read(index);
    const expected = tables && findPositions(bytes, tables);
    assert.deepEqual(positions && Buffer.from(positions), expected, manifest.key(index));
    if (positions !== null) same++;
  }
  assert.equal(same, found);
});

test('samples on a web server have the positions of the same files here', { skip: noNginx }, async (context) => {
  const { root, options, files } = await mixedSource(context);
  const { host, folder } = await startNginx(context);
  await writeTree(folder, files);
  const kept: Buffer[] = [];
  for (const path of [options.path, `${host}/json`]) {
    const { manifest } = await indexSource({ ...options, path });
    await indexPositions(manifest, join(root, 'index/s.train.positions'));
    kept.push(await readFile(join(root, 'index/s.train.positions')));
  }
  assert.ok(kept[0]!.equals(kept[1]!));
});

test('a source that goes away on the way is an error, and leaves no file', async (context) => {
  const { root, options } = await mixedSource(context);
  const { manifest } = await indexSource(options);
  await rename(options.path, `${options.path}-away`);
  await assert.rejects(indexPositions(manifest, join(root, 'index/s.train.positions')), {
    reason: 'STORAGE_UNAVAILABLE',
  });
  assert.deepEqual(await readdir(join(root, 'index')), ['s.train.arrow']);
});

test('a folder that cannot be written to is named', async (context) => {
  const { root, options } = await mixedSource(context);
  const { manifest } = await indexSource(options);
  await assert.rejects(indexPositions(manifest, join(root, 'data/a.png/s.positions')), { reason: 'ARGUMENT_INVALID' });
});
