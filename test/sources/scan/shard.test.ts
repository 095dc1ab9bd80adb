import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { indexSource } from '../../../src/sources/index-source.js';
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
  assert.deepEqual(report.warnings.map(({ shard, what }) => `${shard}: ${what}`), [
    '1.tar: damaged at byte 2048: the file ends inside a member of 1500 bytes; 1 samples before it',
    '1.tar: 1 samples, but its _stats.json counts 3 successes',
    '2.tar: damaged at byte 4096: a header fails its checksum; 2 samples before it',
    '3.tar: damaged at byte 6144: the file ends without an end mark; 3 samples before it',
    '4.tar: damaged at byte 0: the file ends without an end mark; 0 samples before it',
  ]);
});
