import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { nearStorage } from '../../../src/sources/storage/near-storage.js';
import { fileStorage, readSample, type SampleStorage } from '../../../src/sources/storage/read.js';

function sample(t: { after(act: () => void): void }): { path: string; root: string; offset: number; length: number } {
  const root = mkdtempSync(join(tmpdir(), 'tributary-near-'));
  t.after(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, 'a.jpg'), Buffer.from('0123456789'));
  return { path: join(root, 'a.jpg'), root, offset: 2, length: 5 };
}

/** The file system, with a count of its calls. */
function counted(): { storage: SampleStorage; calls: string[] } {
  const calls: string[] = [];
  const storage: SampleStorage = {
    ...fileStorage,
    open(path) {
      calls.push('open');
      return fileStorage.open(path);
    },
    read(...asked) {
      calls.push('read');
      return fileStorage.read(...asked);
    },
    close(file) {
      calls.push('close');
      fileStorage.close(file);
    },
  };
  return { storage, calls };
}

test('a storage that answers at once is read on the calling thread, to the same bytes', async (t) => {
  const location = sample(t);
  const { storage, calls } = counted();
  const near = nearStorage(storage, () => 0);
  for (let i = 0; i < 3; i++) assert.equal((await readSample(location, { storage: near })).toString(), '23456');
  assert.deepEqual(calls, []);
});

test('after a slow call the next 256 samples are read elsewhere, then one is tried again', async (t) => {
  const location = sample(t);
  const { storage, calls } = counted();
  let time = 0;
  let step = 10;
  const near = nearStorage(storage, () => {
    time += step;
    return time;
  });
  // The open is slow: the rest of this sample is read elsewhere already.
  assert.equal((await readSample(location, { storage: near })).toString(), '23456');
  assert.deepEqual(calls, ['read', 'close']);
  step = 0;
  calls.length = 0;
  for (let i = 0; i < 256; i++) assert.equal((await readSample(location, { storage: near })).toString(), '23456');
  assert.equal(calls.filter((call) => call === 'open').length, 256);
  calls.length = 0;
  await readSample(location, { storage: near });
  assert.deepEqual(calls, []);
});

test('what the file system refuses is refused alike', async (t) => {
  const location = sample(t);
  const missing = { ...location, path: join(location.root, 'b.jpg') };
  const causes = await Promise.all(
    [nearStorage(), fileStorage].map((storage) =>
      readSample(missing, { storage }).then(
        () => 'read',
        (error) => `${error.reason} ${error.metadata.cause}`,
      ),
    ),
  );
  assert.deepEqual(causes, ['SAMPLE_CORRUPT ENOENT', 'SAMPLE_CORRUPT ENOENT']);
});
