import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { indexSource } from '../../../src/sources/index-source.js';
import { readSample } from '../../../src/sources/storage/read-sample.js';
import { tarOf, temporaryFolder, writeTree } from '../tree.js';

test('the members before a damage are samples, the damage is told, and statistics are compared', async (context) => {
  const root = await temporaryFolder(context);
  const members = ['a', 'b', 'c'].map((name) => [`${name}.jpg`, Buffer.alloc(1500, name)] as const);
  const whole = await tarOf(members);
  const scratched = Buffer.from(whole);
  scratched.fill(0xff, 2 * 2048, 2 * 2048 + 20);
  await writeTree(root, {
    'shards/0.tar': whole,
    'shards/1.tar': whole.subarray(0, 2048 + 512 + 700),
    'shards/2.tar': scratched,
    'shards/3.tar': whole.subarray(0, 3 * 2048),
    'shards/4.tar': 0,
    'shards/0_stats.json': '{"successes": 3}',
    'shards/1_stats.json': '{"successes": 3}',
  });
  const { manifest, report } = await indexSource({
    name: 's',
    path: root,
    split: 'train',
    indexFolder: join(root, 'index'),
  });
  const keys = Array.from({ length: manifest.count }, (_, i) => manifest.key(i));
  assert.deepEqual(keys, [
    '0.tar/a.jpg',
    '0.tar/b.jpg',
    '0.tar/c.jpg',
    '1.tar/a.jpg',
    '2.tar/a.jpg',
    '2.tar/b.jpg',
    '3.tar/a.jpg',
    '3.tar/b.jpg',
    '3.tar/c.jpg',
  ]);
  assert.deepEqual(
    report.warnings.map(({ shard, what }) => `${shard}: ${what}`),
    [
      '1.tar: damaged at byte 2048: the file ends inside a member of 1500 bytes; 1 samples before it',
      '1.tar: 1 samples, but its _stats.json counts 3 successes',
      '2.tar: damaged at byte 4096: a header fails its checksum; 2 samples before it',
      '3.tar: damaged at byte 6144: the file ends without an end mark; 3 samples before it',
      '4.tar: damaged at byte 0: the file ends without an end mark; 0 samples before it',
    ],
  );
});

test("captions and metadata are found by WebDataset's key, in any case, and then by the whole name", async (context) => {
  const root = await temporaryFolder(context);
  const members = {
    ...{ 'a.jpg': 'x', 'a.TXT': 'of a', 'a.Json': '{"a":1}' },
    ...{ 'b.jpg': 'x', 'b.TXT': 'upper', 'b.txt': 'lower' },
    ...{ 'c.left.jpg': 'x', 'c.right.jpg': 'x', 'c.left.txt': 'left', 'c.right.TXT': 'right' },
    ...{ 'v1.0/d.jpg': 'x', 'v1.0/d.txt': 'of d', 'e.front.jpg': 'x', 'e.txt': 'of e', 'e.front.txt': 'of its front' },
  };
  await writeTree(root, { 'shards/0.tar': await tarOf(Object.entries(members)) });
  const options = { name: 's', path: root, split: 'train' as const, indexFolder: join(root, 'index') };
  const { manifest } = await indexSource(options);
  const captions: Record<string, string> = {};
  for (let i = 0; i < manifest.count; i++) {
    const at = manifest.sibling(i, 'txt');
    captions[manifest.key(i)] = at === null ? '' : (await readSample(at)).toString();
  }
  assert.deepEqual(captions, {
    '0.tar/a.jpg': 'of a',
    '0.tar/b.jpg': 'lower',
    '0.tar/c.left.jpg': 'left',
    '0.tar/c.right.jpg': 'right',
    '0.tar/e.front.jpg': 'of e',
    '0.tar/v1.0/d.jpg': 'of d',
  });
  assert.equal((await readSample(manifest.sibling(0, 'json')!)).toString(), '{"a":1}');
});
