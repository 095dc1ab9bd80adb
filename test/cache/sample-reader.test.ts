import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sampleReader, storageReader } from '../../src/cache/sample-reader.js';
import { Arena } from '../../src/memory/arena.js';
import { temporaryFolder } from '../sources/tree.js';
import { filled, large, lookupOf, none } from './lookups.js';

const image = fileURLToPath(new URL('../../../test/vectors/images/shapes.jpg', import.meta.url));

for (const cache of ['decoded', 'memory'] as const)
  test(`a sample comes out of the ${cache} cache with its source’s pixels, and what nobody hears of is given back`, async (t) => {
    const file = await readFile(image);
    const path = join(await temporaryFolder(t), 'shapes.jpg');
    await writeFile(path, file);
    const buffers = { decoded: none, memory: none, [cache]: large() };
    const reader = sampleReader(buffers);
    const crop = async (lookup: ReturnType<typeof lookupOf>) => {
      const opened = await reader.open(lookup);
      const { data } = await opened.crop({ top: 1, left: 2, width: 9, height: 7 });
      const pixels = Buffer.from(data);
      await opened.end();
      return pixels;
    };
    const first = lookupOf(path, file);
    const pixels = await crop(first);
    const chain = filled(first, cache)!;
    // What is on the disk now no longer matters.
    await writeFile(path, Buffer.alloc(file.length));
    assert.deepEqual(await crop(lookupOf(path, file, { in: cache, chain })), pixels);
    const arena = new Arena(buffers[cache]);
    assert.ok(arena.usedBytes > 0);
    reader.forget([first]);
    assert.equal(arena.usedBytes, 0);
  });

test('the last reader gives the file’s bytes, and has nothing to say', async () => {
  const path = fileURLToPath(new URL('../../../test/vectors/images/tiny.png', import.meta.url));
  const file = await readFile(path);
  const lookup = lookupOf(path, file);
  const { bytes, end } = await storageReader(lookup);
  assert.ok(bytes.equals(file));
  await end();
  assert.deepEqual(lookup.news, []);
  await assert.rejects(storageReader(lookupOf(`${path}.gone`, file)), /tiny\.png\.gone/);
});
