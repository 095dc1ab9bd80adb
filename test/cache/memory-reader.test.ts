import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { memoryReader } from '../../src/cache/memory-reader.js';
import { storageReader } from '../../src/cache/sample-reader.js';
import { Arena, arenaBuffers } from '../../src/memory/arena.js';
import { temporaryFolder } from '../sources/tree.js';
import { filled, lookupOf, none } from './lookups.js';

const image = fileURLToPath(new URL('../../../test/vectors/images/shapes.jpg', import.meta.url));

test('what was read once comes out of memory, and what finds no room is said to', async (context) => {
  const file = await readFile(image);
  const path = join(await temporaryFolder(context), 'shapes.jpg');
  await writeFile(path, file);
  const arena = new Arena(arenaBuffers(file.length + 8192, 4096));
  const read = memoryReader(arena, storageReader);
  const first = lookupOf(path, file);
  const { bytes, end } = await read(first);
  assert.ok(bytes.equals(file));
  await end();
  const chain = filled(first, 'memory')!;
  // Other bytes by now: those that were read are what the manifest is about.
  await writeFile(path, Buffer.alloc(file.length));
  const again = lookupOf(path, file, { in: 'memory', chain });
  const held = await read(again);
  await held.end();
  assert.ok(held.bytes.equals(file));
  assert.deepEqual(again.news, []);
  const other = lookupOf(path, file);
  await (await read(other)).end();
  assert.deepEqual(other.news, [{ kind: 'full', cache: 'memory' }]);
});

test('without a cache nothing is kept and nothing is said', async () => {
  const lookup = lookupOf(image, await readFile(image));
  await (await memoryReader(new Arena(none), storageReader)(lookup)).end();
  assert.deepEqual(lookup.news, []);
});
