import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { indexSource } from '../../src/sources/index-source.js';
import { openSource } from '../../src/sources/open-source.js';
import { meets } from '../../src/sources/where.js';
import { tarOf, temporaryFolder, writeTree } from './tree.js';

async function indexed(context: TestContext, files: Record<string, number | Buffer>) {
  const root = await temporaryFolder(context);
  await writeTree(join(root, 'data'), files);
  const options = { name: 's', path: join(root, 'data'), split: 'train' as const, indexFolder: join(root, 'index') };
  const { manifest } = await indexSource(options);
  const table = join(root, 'table.jsonl');
  const rows = (...lines: object[]) => writeFile(table, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return { options: { ...options, table }, manifest, rows };
}

test('a condition is a value, some values, or bounds', () => {
  const row = { key: 'a', width: 640, license: 'by', good: true };
  assert.ok(meets(row, { width: 640, license: ['by', 'sa'], good: true, caption: null }));
  assert.ok(meets(row, { width: { min: 640, max: 640 } }));
  for (const where of [{ width: '640' }, { license: ['sa'] }, { width: { min: 641 } }, { license: { min: 0 } }])
    assert.ok(!meets(row, where));
});

test('what meets the conditions is a source of its own, whose classes keep their numbers', async (context) => {
  const files = { 'train/a/1.jpg': 1, 'train/b/2.jpg': 2, 'train/b/3.jpg': 3 };
  const { options, manifest, rows } = await indexed(context, files);
  await rows({ key: 'train/a/1.jpg', w: 1 }, { key: 'train/b/2.jpg', w: 2 }, { key: 'val/b/9.jpg', w: 9 });
  const part = await openSource({ ...options, where: { w: { min: 2 } } });
  assert.deepEqual(
    [part.count, part.key(0), part.size(0), part.label(0)],
    [1, 'train/b/2.jpg', 2, { index: 1, name: 'b' }],
  );
  assert.notEqual(part.fingerprint, manifest.fingerprint);
  const all = await openSource({ ...options, where: { w: [1, 2] }, exclude: ['train/b/2.jpg'] });
  assert.deepEqual([all.count, [...all.excluded!]], [2, [1]]);
});

test('members of shards keep their places', async (context) => {
  const names = Array.from({ length: 20 }, (_, i) => `${10 + i}`);
  const tar = await tarOf(
    names.flatMap(
      (name) =>
        [
          [`${name}.jpg`, name.repeat(9)],
          [`${name}.txt`, name],
        ] as const,
    ),
  );
  const { options, manifest, rows } = await indexed(context, { 'shards/0.tar': tar });
  await rows(...names.map((name) => ({ key: `0.tar/${name}.jpg`, odd: Number(name) % 2 === 1 })));
  const part = await openSource({ ...options, where: { odd: true } });
  assert.equal(part.count, 10);
  for (let i = 0; i < part.count; i++) {
    const index = manifest.find(part.key(i));
    assert.equal(part.location(i).offset, manifest.location(index).offset);
    assert.equal(part.sibling(i, 'txt')?.offset, manifest.sibling(index, 'txt')?.offset);
  }
});

test('a table that says nothing of the columns, a line that is no row, and conditions that nothing meets are refused', async (context) => {
  const { options, rows } = await indexed(context, { 'a.jpg': 1 });
  await rows({ key: 'a.jpg', w: 1 });
  const opening = (where: object) => openSource({ ...options, where: where as never });
  await assert.rejects(opening({ width: 1 }), { reason: 'CONFIG_INVALID', message: /got width\. Name columns/ });
  await assert.rejects(opening({ w: 2 }), { reason: 'SOURCE_EMPTY' });
  await rows({ name: 'a.jpg' });
  await assert.rejects(opening({ w: 1 }), { reason: 'CONFIG_INVALID', message: /on line 1/ });
});
