import assert from 'node:assert/strict';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { findPositions } from '../../src/decode/baseline-jpeg.js';
import { readTables } from '../../src/decode/jpeg-tables.js';
import { indexPositions } from '../../src/positions/index-positions.js';
import { indexSource } from '../../src/sources/index-source.js';
import { openPositions } from '../../src/sources/manifest/positions-file.js';
import { tarOf } from '../sources/tree.js';
import { mixedSource } from './positioned-source.js';

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
