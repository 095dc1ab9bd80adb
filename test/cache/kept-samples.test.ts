import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idleAfter, KeptSamples } from '../../src/cache/kept-samples.js';
import { Arena, arenaBuffers, none } from '../../src/memory/arena.js';
import { indexSource } from '../../src/sources/index-source.js';
import type { Manifest } from '../../src/sources/manifest/manifest.js';
import { temporaryFolder, writeTree } from '../sources/tree.js';

const blockBytes = 4096;

async function manifests(
  context: Parameters<typeof temporaryFolder>[0],
  names: readonly string[],
): Promise<Manifest[]> {
  const root = await temporaryFolder(context);
  const made: Manifest[] = [];
  for (const name of names) {
    await writeTree(root, { [`${name}/a.jpg`]: 10, [`${name}/b.jpg`]: 10 });
    const options = { name, path: `${root}/${name}`, split: 'train', indexFolder: `${root}/index` } as const;
    made.push((await indexSource(options)).manifest);
  }
  return made;
}

test('a full cache keeps what it has, until nobody has used the source for an hour', async (context) => {
  const [first, second] = (await manifests(context, ['first', 'second'])) as [Manifest, Manifest];
  const arena = new Arena(arenaBuffers(2 * (blockBytes + 4) + 16, blockBytes));
  let now = 0;
  const held = new KeptSamples(arena, () => now);
  const store = (manifest: Manifest, index: number, value: number): boolean => {
    const chain = arena.take(1);
    if (chain === none) {
      held.lacksRoom();
      return false;
    }
    arena.write(chain, Uint8Array.of(value));
    held.add(manifest, index, chain);
    return true;
  };
  assert.equal(held.take(first, 0), none);
  assert.ok(store(first, 0, 1) && store(first, 1, 2));
  now = idleAfter - 1;
  assert.ok(!store(second, 0, 3), 'a source in use was thrown out');
  const chain = held.take(first, 1);
  now += idleAfter;
  // What a task still reads stays whole while its source goes.
  assert.ok(!store(second, 0, 3));
  assert.ok(store(second, 0, 3));
  assert.ok(!store(second, 1, 4), 'a chain that is read was given away');
  const out = new Uint8Array(1);
  arena.read(chain, 0, 1, out);
  assert.equal(out[0], 2);
  held.give(chain);
  assert.ok(store(second, 1, 4));
  assert.equal(held.take(first, 0), none);
  assert.notEqual(held.take(second, 0), none);
  assert.equal(arena.usedBytes, 2 * blockBytes);
});

test('of two that fill the same sample the first stays, and nothing is lost', async (context) => {
  const [manifest] = (await manifests(context, ['one'])) as [Manifest];
  const arena = new Arena(arenaBuffers(10 * blockBytes, blockBytes));
  const held = new KeptSamples(arena);
  const [first, second] = [arena.take(10), arena.take(10)];
  held.add(manifest, 0, first);
  held.add(manifest, 0, second);
  assert.equal(held.take(manifest, 0), first);
  assert.equal(arena.usedBytes, blockBytes);
});
