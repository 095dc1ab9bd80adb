import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { indexSource } from '../../src/sources/index-source.js';
import { writePositions } from '../../src/sources/manifest/positions-file.js';
import { openSource } from '../../src/sources/open-source.js';
import { temporaryFolder, writeTree } from './tree.js';

async function positioned(context: TestContext) {
  const root = await temporaryFolder(context);
  await writeTree(root, { 'data/1.jpg': 1, 'data/2.jpg': 2, 'data/3.jpg': 3 });
  const told: string[] = [];
  const options = {
    ...{ name: 's', path: join(root, 'data'), split: 'train' as const, indexFolder: join(root, 'index') },
    onUnusedPositions: (path: string, why: string) => told.push(`${path.slice(root.length + 1)}: ${why}`),
  };
  const { manifest } = await indexSource(options);
  const path = join(root, 'index/s.train.positions');
  const write = async (of: { count: number; fingerprint: string } = manifest) =>
    writePositions(
      path,
      of,
      (async function* () {
        yield Array.from({ length: of.count }, () => Buffer.from('.'));
      })(),
    );
  return { root, path, options, manifest, told, write };
}

test('locations name the file of positions and the number there, of a part of the manifest too', async (context) => {
  const { root, path, options, manifest, told, write } = await positioned(context);
  const without = await openSource(options);
  assert.equal(without.location(0).positions, undefined);
  await write();
  const opened = await openSource(options);
  assert.deepEqual(opened.location(2), { ...without.location(2), positions: { path, index: 2 } });
  assert.equal(opened.fingerprint, manifest.fingerprint);
  assert.equal(opened.version, without.version);
  const table = join(root, 'table.jsonl');
  await writeFile(table, [1, 2, 3].map((n) => JSON.stringify({ key: `${n}.jpg`, n })).join('\n'));
  const part = await openSource({ ...options, table, where: { n: { min: 2 } } });
  assert.deepEqual([part.count, part.location(0).positions], [2, { path, index: 1 }]);
  assert.deepEqual(told, []);
});

test('those of another state of the source, and damaged ones, are left alone and told of', async (context) => {
  const { path, options, manifest, told, write } = await positioned(context);
  await write({ ...manifest, fingerprint: '0'.repeat(64) });
  assert.equal((await openSource(options)).location(0).positions, undefined);
  await write({ ...manifest, count: 2 });
  assert.equal((await openSource(options)).location(0).positions, undefined);
  await writeFile(path, 'nothing');
  assert.equal((await openSource(options)).location(0).positions, undefined);
  await rm(path);
  await mkdir(path);
  assert.equal((await openSource(options)).location(0).positions, undefined);
  assert.deepEqual(told.slice(0, 3), [
    'index/s.train.positions: it is of another state of the source',
    'index/s.train.positions: it is of another state of the source',
    'index/s.train.positions: it was not wholly written, or is damaged',
  ]);
  assert.match(told[3]!, /EISDIR/);
});
