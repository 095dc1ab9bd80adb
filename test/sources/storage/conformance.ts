import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readSample } from '../../../src/sources/storage/read-sample.js';
import type { Entry, SourceStorage } from '../../../src/sources/storage/storage.js';
import { fill, StorageFault } from '../../../src/sources/storage/storage.js';
import { below } from '../../../src/sources/storage/storages.js';

/** A storage with a folder to try it in. */
export interface Tried {
  readonly storage: SourceStorage;
  /** URL of an empty folder. */
  readonly root: string;
  /** Puts a file at a path below the root, with its folders, in place of what was there. */
  put(path: string, content: Buffer): Promise<void>;
  remove(path: string): Promise<void>;
  /** Whether the storage does not list names that start with a dot. */
  readonly hidesDots?: boolean;
  /** Makes a link at a path below the root to a path relative to it; null where the storage knows no links. */
  readonly link: ((path: string, target: string) => Promise<void>) | null;
}

/** What every storage must do: call it in the storage's test. */
export function storageTests(name: string, start: (context: TestContext) => Promise<Tried>): void {
  test(`${name}: a folder lists what lies directly in it, under its very name`, async (context) => {
    const { storage, root, put, hidesDots } = await start(context);
    const names = ['a.jpg', 'ä %20?#.jpg', '😀.png', ...(hidesDots ? [] : ['.hidden'])];
    for (const file of names) await put(`folder/${file}`, Buffer.alloc(3));
    await put('folder/below/deep/b.jpg', Buffer.alloc(1));
    const found = await listed(storage, below(root, 'folder'));
    assert.deepEqual(
      found.map((entry) => `${entry.kind} ${entry.name}`).sort(),
      [...names.map((file) => `file ${file}`), 'folder below'].sort(),
    );
    for (const entry of found) if (entry.kind === 'file') assert.ok(entry.size === null || entry.size === 3);
    for (const file of names) assert.equal((await storage.stat(below(root, `folder/${file}`)))?.size, 3);
    await assert.rejects(listed(storage, below(root, 'nowhere')), StorageFault);
  });

  test(`${name}: what lies somewhere is told, with another version when the content is another`, async (context) => {
    const { storage, root, put } = await start(context);
    await put('a/b.jpg', Buffer.from('one'));
    assert.equal((await storage.stat(below(root, 'a')))?.kind, 'folder');
    assert.equal(await storage.stat(below(root, 'a/none.jpg')), null);
    assert.equal(await storage.stat(below(root, 'a/b.jpg/c')), null);
    const before = await storage.stat(below(root, 'a/b.jpg'));
    assert.deepEqual([before?.kind, before?.size], ['file', 3]);
    await put('a/b.jpg', Buffer.from('two'));
    const after = await storage.stat(below(root, 'a/b.jpg'));
    assert.ok(after!.version === '0' || after!.version !== before!.version);
  });

  test(`${name}: any range of a file is read, and no more than there is`, async (context) => {
    const { storage, root, put } = await start(context);
    const content = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) & 255));
    await put('x.bin', content);
    const first = { offset: 4000, length: 10 };
    const file = await storage.open(below(root, 'x.bin'), { within: [root], first });
    assert.equal(file.size, 5000);
    for (const [offset, length] of [
      [4000, 10],
      [0, 5000],
      [1, 1],
      [4999, 1],
    ] as const) {
      const into = Buffer.alloc(length);
      assert.equal(await fill(file, into, offset), length);
      assert.deepEqual(into, content.subarray(offset, offset + length));
    }
    assert.equal(await fill(file, Buffer.alloc(10), 4995), 5);
    assert.equal(await file.read(Buffer.alloc(10), 5000), 0);
    file.close();
    assert.deepEqual(await sample(storage, root, 'x.bin', 5000), content.toString('hex'));
  });

  test(`${name}: a file that is gone, a folder and a file of another size are the sample's fault`, async (context) => {
    const { storage, root, put, remove } = await start(context);
    for (const path of ['keep.jpg', 'a.jpg', 'b.jpg', 'c.jpg/x']) await put(path, Buffer.alloc(4));
    await remove('a.jpg');
    await put('b.jpg', Buffer.alloc(5));
    const verdicts = await Promise.all(['a.jpg', 'b.jpg', 'c.jpg'].map((path) => sample(storage, root, path, 4)));
    assert.deepEqual(
      verdicts.map((verdict) => verdict.split(' ')[0]),
      ['SAMPLE_CORRUPT', 'SAMPLE_CORRUPT', 'SAMPLE_CORRUPT'],
    );
    assert.equal(verdicts[1], 'SAMPLE_CORRUPT SIZE_CHANGED');
  });

  test(`${name}: a source of which nothing is left is a storage that is not there`, async (context) => {
    const { storage, root, put, remove } = await start(context);
    await put('a.jpg', Buffer.alloc(4));
    await remove('a.jpg');
    assert.match(await sample(storage, root, 'a.jpg', 4), /^STORAGE_UNAVAILABLE/);
    assert.match(await sample(storage, below(root, 'gone'), 'a.jpg', 4), /^STORAGE_UNAVAILABLE/);
  });

  test(`${name}: links lead no one out of the folder, and not in circles`, async (context) => {
    const { storage, root, put, link } = await start(context);
    await put('in/a.jpg', Buffer.alloc(4));
    await put('out/b.jpg', Buffer.alloc(4));
    const within = below(root, 'in');
    assert.ok(await storage.isInside(below(root, 'in/a.jpg'), within));
    if (link === null) return;
    await link('in/inside.jpg', 'in/a.jpg');
    await link('in/outside.jpg', 'out/b.jpg');
    await link('in/nowhere.jpg', 'in/none.jpg');
    await link('in/loop', 'in');
    await link('in/away', 'out');
    assert.ok(!(await storage.isInside(below(root, 'in/outside.jpg'), within)));
    assert.deepEqual((await listed(storage, within, within)).map((entry) => `${entry.kind} ${entry.name}`).sort(), [
      'file a.jpg',
      'file inside.jpg',
      'folder_outside away',
      'link_broken nowhere.jpg',
      'link_outside outside.jpg',
      'linked_folder loop',
    ]);
    for await (const page of storage.list(within, { within: [within, below(root, 'gone'), below(root, 'out')] }))
      assert.deepEqual(
        page.filter(({ kind }) => kind.endsWith('outside')),
        [],
      );
    const location = { path: below(within, 'outside.jpg'), root: within, outside: [below(root, 'out')], offset: null };
    assert.equal((await readSample({ ...location, length: 4 }, { storage })).length, 4);
    assert.equal(await sample(storage, within, 'inside.jpg', 4), '00000000');
    assert.equal(await sample(storage, within, 'outside.jpg', 4), 'SAMPLE_CORRUPT OUTSIDE_ROOT');
  });

  test(`${name}: a URL has one form, and keeps it`, async (context) => {
    const { storage, root } = await start(context);
    assert.equal(storage.resolve(root), root);
    assert.equal(storage.resolve(`${root}/`), root);
  });
}

async function listed(storage: SourceStorage, url: string, within?: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const page of storage.list(url, { within: within === undefined ? undefined : [within] }))
    entries.push(...page);
  return entries;
}

/** A sample's bytes, hex, or why there are none. */
async function sample(storage: SourceStorage, root: string, path: string, length: number): Promise<string> {
  return readSample({ path: below(root, path), root, offset: null, length }, { storage, retries: 0 }).then(
    (bytes) => bytes.toString('hex'),
    (error) => `${error.reason} ${error.metadata.cause}`,
  );
}
