import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { indexSource } from '../../src/sources/index-source.js';
import { openSource } from '../../src/sources/open-source.js';
import { temporaryFolder } from './tree.js';

const files = fileURLToPath(new URL('../../../test/sources/parquet', import.meta.url));

test('rows tell of themselves what their columns say, whatever group they lie in, and never an image', async (context) => {
  const root = await temporaryFolder(context);
  for (const form of ['dictionary', 'zstd'])
    await copyFile(join(files, `${form}.parquet`), join(root, `${form}.parquet`));
  const options = { name: 's', path: root, split: 'train' as const, indexFolder: join(root, '.index') };
  const { manifest } = await indexSource(options);
  const told = await openSource({ ...options, columns: ['label', 'caption'] });
  const texts = await Promise.all(Array.from({ length: told.count }, (_, index) => told.columns!(index)));
  const labels = [null, 0, 1, 2, null, 0, 1];
  assert.deepEqual(
    texts.map((text) => JSON.parse(text)),
    [0, 1].flatMap(() => labels.map((label, row) => ({ label, caption: `a photo of ${row} ä` }))),
  );
  assert.equal(told.fingerprint, manifest.fingerprint);
  for (const column of ['image', 'captions'])
    await assert.rejects(openSource({ ...options, columns: [column] }), {
      reason: 'CONFIG_INVALID',
      message: /columns beside the images of source s: label, caption/,
    });
});
