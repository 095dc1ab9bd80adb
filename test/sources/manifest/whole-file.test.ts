import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadManifest } from '../../../src/sources/manifest/manifest-file.js';
import { temporaryFolder } from '../tree.js';

test('a manifest that was written before there were pages is read as it was', async (context) => {
  const old = fileURLToPath(new URL('../../../../test/sources/manifest/whole.arrow', import.meta.url));
  const manifest = await loadManifest(old, { root: '/data', folder: 'train' });
  assert.equal(manifest.fingerprint, 'a7352efc879274011cf4428fc0e31fb497e18f80dd721e08f80e48df648fae7a');
  assert.deepEqual(
    [0, 1].map((i) => [manifest.key(i), manifest.size(i), manifest.label(i)?.name, manifest.location(i).path]),
    [
      ['train/cat/a.jpg', 3, 'cat', '/data/train/cat/a.jpg'],
      ['train/dog/b.jpg', 4, 'dog', '/data/train/dog/b.jpg'],
    ],
  );
  const folder = await temporaryFolder(context);
  const edited = await readFile(old);
  edited[edited.indexOf('b.jpg')] = 0x63;
  await writeFile(join(folder, 'edited.arrow'), edited);
  await assert.rejects(loadManifest(join(folder, 'edited.arrow')), { reason: 'MANIFEST_INVALID' });
});
