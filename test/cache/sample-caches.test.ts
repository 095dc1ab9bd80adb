import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { CacheFolder } from '../../src/cache/cache-folder.js';
import type { CacheNews } from '../../src/cache/lookup.js';
import { SampleCaches } from '../../src/cache/sample-caches.js';
import { Arena } from '../../src/memory/arena.js';
import { indexSource } from '../../src/sources/index-source.js';
import { temporaryFolder, writeTree } from '../sources/tree.js';

test('a task is told of the nearest cache that has its sample, and hits and misses are counted', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, { 'source/a.jpg': 10, 'source/b.jpg': 10 });
  const source = { name: 'one', path: join(root, 'source'), split: 'train', indexFolder: join(root, 'index') } as const;
  const { manifest } = await indexSource(source);
  // Marks of use are still written when the test is over and its folder gone.
  const troubles: string[] = [];
  const onTrouble = (trouble: string) => void troubles.push(trouble);
  const folder = await CacheFolder.open({ folder: join(root, 'cache'), budget: 1 << 20, onTrouble });
  const caches = new SampleCaches({ memory: 1 << 20, decoded: 1 << 20 }, folder);
  const lookup = (...news: CacheNews[]): string => {
    const whereabouts = caches.take(manifest, 0);
    caches.give(manifest, 0, whereabouts, news);
    return whereabouts.in;
  };
  const chainIn = (cache: 'memory' | 'decoded') => new Arena(caches.buffers[cache]).take(10);
  assert.equal(lookup(), 'folder', 'what died has left nothing');
  assert.equal(lookup({ kind: 'missed' }, { kind: 'stored' }), 'folder');
  assert.ok(folder.bytes > 0);
  assert.equal(lookup({ kind: 'found' }, { kind: 'filled', cache: 'memory', chain: chainIn('memory') }), 'folder');
  assert.equal(lookup({ kind: 'filled', cache: 'decoded', chain: chainIn('decoded') }), 'memory');
  assert.equal(lookup(), 'decoded');
  assert.deepEqual(
    [...caches.state()].map(({ name, hits, misses }) => [name, hits, misses]),
    [
      ['memory', 1, 3],
      ['disk', 1, 1],
      ['decoded', 1, 4],
    ],
  );
  assert.equal(caches.damaged, 0);
  assert.deepEqual(troubles, []);
});

test('where no cache is asked for there is none', () => {
  assert.deepEqual([...new SampleCaches({ memory: 0, decoded: 0 }, null).state()], []);
});
