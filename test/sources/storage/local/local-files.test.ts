import assert from 'node:assert/strict';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type Call, hereCalls } from '../../../../src/sources/storage/local/calls.js';
import { localFiles } from '../../../../src/sources/storage/local/local-files.js';
import { temporaryFolder } from '../../tree.js';
import { storageTests, type Tried } from '../conformance.js';

const startWith =
  (call?: Call) =>
  async (context: TestContext): Promise<Tried> => {
    const root = await temporaryFolder(context);
    return {
      storage: localFiles(call),
      root,
      async put(path, content) {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), content);
      },
      remove: (path) => rm(join(root, path)),
      link: (path, target) => symlink(join(root, target), join(root, path)),
    };
  };

storageTests('local files, elsewhere', startWith());
storageTests('local files, here', startWith(hereCalls));

test('a file: URL is the path that it spells', async (context) => {
  const { storage, root, put } = await startWith()(context);
  await put('a b.jpg', Buffer.alloc(2));
  const url = pathToFileURL(join(root, 'a b.jpg')).href;
  assert.equal(storage.resolve(url), join(root, 'a b.jpg'));
  assert.equal((await storage.stat(url))?.size, 2);
});
