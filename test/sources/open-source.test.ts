import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { indexSource } from '../../src/sources/index-source.js';
import { whenHere } from '../../src/sources/manifest/away.js';
import { blockBytes } from '../../src/sources/manifest/store-ranges.js';
import { openOrIndexSource, openSource } from '../../src/sources/open-source.js';
import { noNginx, startNginx } from './storage/http/nginx.js';
import { age, temporaryFolder, writeTree } from './tree.js';

test('a source without a manifest is refused with the command, or indexed', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, { 'data/train/a.jpg': 1 });
  const options = { name: 's', path: join(root, 'data'), split: 'train' as const, indexFolder: join(root, 'index') };
  await assert.rejects(openSource(options), { reason: 'NOT_INDEXED', message: /`tributary index`/ });
  const counts: number[] = [];
  assert.equal((await openOrIndexSource(options, ({ count }) => counts.push(count))).count, 1);
  assert.equal((await openOrIndexSource(options, ({ count }) => counts.push(count))).count, 1);
  assert.deepEqual(counts, [1]);
  assert.equal((await openSource(options)).count, 1);
  await writeTree(root, { 'data/train/cat/b.jpg': 1 });
  await assert.rejects(openSource(options), { reason: 'NOT_INDEXED', message: /imagenet layout/ });
});

test('a manifest in a store is taken for the local one by all that the config wants of a source', {
  skip: noNginx,
}, async (context) => {
  const root = await temporaryFolder(context);
  const names = Array.from({ length: 3000 }, (_, i) => `${String(i).padStart(220, '0')}.jpg`);
  await writeTree(join(root, 'data'), Object.fromEntries(names.map((name, i) => [name, i % 7])));
  const { host, folder } = await startNginx(context);
  const options = { name: 's', path: join(root, 'data'), split: 'train' as const, indexFolder: folder };
  const { manifest } = await indexSource(options);
  assert.ok(manifest.count * 220 > 8 * blockBytes);
  await age(...(await readdir(folder)).map((name) => join(folder, name)));
  const table = join(root, 'table.jsonl');
  const rows = names.map((key, i) => ({ key, keep: i % 3 > 0, text: `caption ${i}` }));
  await writeFile(table, rows.map((row) => JSON.stringify(row)).join('\n'));
  const wanted = { ...options, table, where: { keep: true }, columns: ['text'], exclude: [names[1]!, names[2998]!] };
  // Its folders are looked at again, as those that have just been written.
  const [near, far] = [await openSource(wanted), await openSource({ ...wanted, indexFolder: `${host}/plain` })];
  assert.deepEqual([far.count, far.fingerprint, far.excluded], [2000, near.fingerprint, near.excluded]);
  assert.equal(await far.columns!(1000), await near.columns!(1000));
  assert.equal(await whenHere(() => far.find(near.key(1999))), 1999);
  await assert.rejects(openSource({ ...wanted, indexFolder: `${host}/plain`, exclude: ['none'] }), {
    reason: 'UNKNOWN_KEY',
    message: new RegExp(near.key(0)),
  });
});
