import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Loader } from '../../src/client/loader.js';
import { columnsOf } from '../../src/server/sample-columns.js';
import type { Manifest } from '../../src/sources/manifest/manifest.js';
import { temporaryFolder } from '../sources/tree.js';
import { serving, smallReplica } from './small-replica.js';

test('a header tells what the columns say of its samples, of those that stand in for others too', async (t) => {
  const root = await temporaryFolder(t);
  const form = fileURLToPath(new URL('../../../test/sources/parquet/none.parquet', import.meta.url));
  await copyFile(form, join(root, '0.parquet'));
  const replica = await smallReplica(t, { global_batch: 4 }, { path: root, columns: ['caption'] });
  const loader = await Loader.connect({ address: await serving(t, replica), run: { name: 'small' } });
  try {
    for await (const { header } of loader.batches(0, 0, 1)) {
      assert.equal(header.samples.length, 4);
      assert.deepEqual(
        header.columns.map((text) => JSON.parse(text)),
        header.samples.map(({ key }) => ({ caption: `a photo of ${Number(key.slice(-8))} ä` })),
      );
    }
  } finally {
    loader.close();
  }
});

test('none are told where no source has columns', async () => {
  const manifest = (source: string, columns?: Manifest['columns']) => ({ source, columns }) as Manifest;
  const made = ['a', 'b'].map((source) => ({ source, index: 1 }));
  assert.deepEqual(await columnsOf({ manifests: [manifest('a'), manifest('b')] }, made), []);
  const told = manifest('b', async (index) => `{"i":${index}}`);
  assert.deepEqual(await columnsOf({ manifests: [manifest('a'), told] }, made), ['', '{"i":1}']);
});
