import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { indexSource } from '../../../src/sources/index-source.js';
import { loadManifest, manifestPath, writeManifest } from '../../../src/sources/manifest/manifest-file.js';
import { RowCollector, rowsPerBatch } from '../../../src/sources/manifest/rows.js';
import { fingerprintOf, type ManifestDetails } from '../../../src/sources/manifest/stored-manifest.js';
import { tarOf, temporaryFolder, writeTree } from '../tree.js';

test('a manifest is an Arrow file whose columns hold what the manifest says', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, {
    'shards/0.tar': await tarOf([
      ['a.jpg', 'image'],
      ['a.txt', 'text'],
      ['b.jpg', 'other image'],
    ]),
    'files/train/cat/ä.jpg': 3,
    'files/train/dog/b.jpg': 4,
  });
  const indexFolder = join(root, 'index');
  const shards = await indexSource({ name: 'web / set', path: root, split: 'train', indexFolder });
  assert.equal(shards.report.manifestPath, manifestPath(indexFolder, 'web / set', 'train'));
  const table = tableFromIPC(await readFile(shards.report.manifestPath));
  assert.deepEqual(
    table.schema.fields.map((field) => `${field.name}: ${field.type}`),
    [
      'key: Utf8',
      'size: Uint32',
      'label: Int32',
      'shard: Uint32',
      'offset: Uint64',
      'txt_offset: Uint64',
      'txt_size: Uint32',
      'json_offset: Uint64',
      'json_size: Uint32',
    ],
  );
  assert.deepEqual(
    table.toArray().map((row) => row.toJSON()),
    [
      {
        key: '0.tar/a.jpg',
        size: 5,
        label: -1,
        shard: 0,
        offset: 512n,
        txt_offset: 1536n,
        txt_size: 4,
        json_offset: 0n,
        json_size: 0,
      },
      {
        key: '0.tar/b.jpg',
        size: 11,
        label: -1,
        shard: 0,
        offset: 2560n,
        txt_offset: 0n,
        txt_size: 0,
        json_offset: 0n,
        json_size: 0,
      },
    ],
  );
  const files = await indexSource({ name: 'files', path: join(root, 'files'), split: 'train', indexFolder });
  const rows = tableFromIPC(await readFile(files.report.manifestPath)).toArray();
  assert.deepEqual(
    rows.map((row) => row.toJSON()),
    [
      { key: 'train/cat/ä.jpg', size: 3, label: 0 },
      { key: 'train/dog/b.jpg', size: 4, label: 1 },
    ],
  );
});

test('every row comes back from the file, over several batches and beyond 4 GiB', async (context) => {
  const folder = await temporaryFolder(context);
  const count = 2 * rowsPerBatch + 5;
  const collector = new RowCollector('members');
  const prefix = Buffer.from('0.tar/');
  const offsetOf = (i: number): number => 512 + i * 0x12345600;
  const rows = Array.from({ length: count }, (_, i) => i);
  const places = {
    offset: BigUint64Array.from(rows, (i) => BigInt(offsetOf(i))),
    txtOffset: BigUint64Array.from(rows, (i) => BigInt(i % 2 ? offsetOf(i) + 1 : 0)),
    txtSize: Uint32Array.from(rows),
    jsonOffset: new BigUint64Array(count),
    jsonSize: new Uint32Array(count),
  };
  for (const i of rows) {
    const name = Buffer.from(String(i).padStart(8, '0'));
    collector.append(prefix, name, 0, name.length, i + 1, -1);
    collector.place(0, places, i);
  }
  const batches = collector.finish();
  const details: ManifestDetails = {
    format: 2,
    source: 's',
    split: 'train',
    layout: 'webdataset',
    root: '/data',
    folder: 'shards',
    guard: 'root',
    count,
    bytes: (count * (count + 1)) / 2,
    fingerprint: fingerprintOf(batches),
    classNames: [],
    folders: [],
    shards: [['0.tar', 1, '0', count]],
    warnings: [],
  };
  const path = join(folder, 'm.arrow');
  await writeManifest(path, 'members', async (add) => {
    for (const batch of batches) await add(batch);
    return details;
  });
  const manifest = await loadManifest(path);
  assert.equal(manifest.count, count);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: count - 1 }), (i) => {
      const key = `0.tar/${String(i).padStart(8, '0')}`;
      assert.equal(manifest.key(i), key);
      assert.equal(manifest.find(key), i);
      assert.equal(manifest.find(`${key}x`), -1);
      assert.deepEqual(manifest.location(i), {
        path: '/data/shards/0.tar',
        root: '/data',
        offset: offsetOf(i),
        length: i + 1,
      });
      assert.deepEqual(
        manifest.sibling(i, 'txt'),
        i % 2 ? { path: '/data/shards/0.tar', root: '/data', offset: offsetOf(i) + 1, length: i } : null,
      );
      assert.deepEqual(structuredClone(manifest.location(i)), manifest.location(i));
    }),
    { examples: [[0], [rowsPerBatch - 1], [rowsPerBatch], [count - 1]] },
  );
  for (const index of [-1, count, 0.5]) assert.throws(() => manifest.key(index), RangeError);
});

test('no part of a manifest can be missing or changed unnoticed', async (context) => {
  const root = await temporaryFolder(context);
  const shard = await tarOf(Array.from({ length: rowsPerBatch + 4 }, (_, i) => [`${i}.jpg`, '']));
  await writeTree(root, { 'shards/readme.txt': 1 });
  await writeFile(join(root, 'shards/0.tar'), shard);
  const { report } = await indexSource({ name: 's', path: root, split: 'train', indexFolder: join(root, 'index') });
  const bytes = await readFile(report.manifestPath);
  assert.deepEqual(await readdir(join(root, 'index')), ['s.train.arrow']);
  const broken = join(root, 'broken.arrow');
  const rows = async (path: string) => {
    const manifest = await loadManifest(path);
    return Array.from({ length: manifest.count }, (_, i) => [manifest.key(i), manifest.size(i), manifest.location(i)]);
  };
  const whole = await rows(report.manifestPath);
  const refused = async (content: Buffer, what: string): Promise<void> => {
    await writeFile(broken, content);
    await assert.rejects(rows(broken), { reason: 'MANIFEST_INVALID' }, what);
  };
  for (const length of [0, 5, 100, bytes.length >> 1, bytes.length - 1])
    await refused(bytes.subarray(0, length), `cut at ${length}`);
  await refused(Buffer.from('not arrow at all, but long enough to be read as something'), 'another file');
  for (let at = 7; at < bytes.length; at += 101) {
    const edited = Buffer.from(bytes);
    edited[at]! ^= 1 << (at % 8);
    await writeFile(broken, edited);
    // Arrow's own footer is read by others alone.
    const read = await rows(broken).catch((error) => error);
    if (Array.isArray(read)) assert.deepEqual(read, whole, `byte ${at}`);
    else assert.equal(read.reason, 'MANIFEST_INVALID', `byte ${at}`);
  }
  const edited = Buffer.from(bytes);
  edited[bytes.lastIndexOf('7.jpg')] = 0x38;
  await refused(edited, 'an edited key');
  await assert.rejects(loadManifest(join(root, 'none.arrow')), {
    reason: 'NOT_INDEXED',
    message: /`tributary index`/,
  });
});
