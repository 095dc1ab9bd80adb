import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { httpStore } from '../../../../src/sources/storage/http/http-store.js';
import { objectStorage } from '../../../../src/sources/storage/objects/object-storage.js';
import { usualPatience } from '../../../../src/sources/storage/objects/try-again.js';
import { readSample } from '../../../../src/sources/storage/read-sample.js';
import { storageTests, type Tried } from '../conformance.js';
import { failingProxy } from '../objects/failing-proxy.js';
import { faultTests } from '../objects/fault-cases.js';
import { noNginx, startNginx } from './nginx.js';

const patience = { ...usualPatience, pauseMs: 1 };
const impatient = { ...patience, stallMs: 300 };

let files = 0;

const startAt =
  (location: string) =>
  async (context: TestContext): Promise<Tried> => {
    const { host, folder } = await startNginx(context);
    const list = async (): Promise<void> => {
      if (location !== 'plain') return;
      await promisify(execFile)('sh', ['-c', "find . -type f ! -name files.txt -printf '%s %P\\n' > files.txt"], {
        cwd: folder,
      });
    };
    await mkdir(join(folder, 'data'));
    await list();
    return {
      // The list of a server that does not list by itself is kept for a while.
      get storage() {
        return objectStorage(httpStore(), patience);
      },
      root: `${host}/${location}/data`,
      async put(path, content) {
        await mkdir(dirname(join(folder, 'data', path)), { recursive: true });
        await writeFile(join(folder, 'data', path), content);
        // Old enough for its ETag to be relied on, and each of another second.
        const then = new Date(Date.now() - 60_000 * ++files);
        await utimes(join(folder, 'data', path), then, then);
        await list();
      },
      async remove(path) {
        await rm(join(folder, 'data', path));
        await list();
      },
      hidesDots: true,
      link: null,
    };
  };

if (noNginx) test('HTTP', { skip: noNginx }, () => {});
else {
  storageTests('HTTP with listings in JSON', startAt('json'));
  storageTests('HTTP with listings in HTML', startAt('html'));
  storageTests('HTTP with a files.txt', startAt('plain'));
  test('HTTP: a slow server is waited for, and what is not allowed says what to do', async (context) => {
    const { host, folder } = await startNginx(context);
    const content = Buffer.alloc(20_000, 'x');
    await writeFile(join(folder, 'a.jpg'), content);
    const storage = objectStorage(httpStore(), { ...patience, attempts: 1, stallMs: 2000 });
    const at = (location: string) => ({ path: `${host}/${location}/a.jpg`, root: `${host}/${location}` });
    const read = (location: string) =>
      readSample({ ...at(location), offset: null, length: 20_000 }, { storage, retries: 0 });
    assert.deepEqual(await read('slow'), content);
    await assert.rejects(read('forbidden'), {
      reason: 'STORAGE_UNAVAILABLE',
      message: /HTTP 403.*Let the server give/,
    });
    await assert.rejects(storage.list(`${host}/plain`)[Symbol.asyncIterator]().next(), { remedy: /files\.txt/ });
  });
  faultTests('HTTP', async (context) => {
    const tried = await startAt('json')(context);
    const proxy = await failingProxy(context, Number(new URL(tried.root).port));
    const root = tried.root.replace(/:\d+/, `:${proxy.port}`);
    return { ...tried, storage: objectStorage(httpStore(), impatient), root, proxy, slowDown: 'not now' };
  });
}
