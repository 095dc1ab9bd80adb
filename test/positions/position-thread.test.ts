import assert from 'node:assert/strict';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeCrop } from '../../src/decode/decode-crop.js';
import { probe } from '../../src/decode/probe.js';
import findInSamples from '../../src/positions/position-thread.js';
import { defaultLimits } from '../../src/run/limits.js';
import { indexSource } from '../../src/sources/index-source.js';
import { mixedSource } from './positioned-source.js';

test('positions are found in the JPEG files that have some, in the order of the samples', async (context) => {
  const { options, files, sound } = await mixedSource(context);
  const { manifest } = await indexSource(options);
  const keys = Array.from({ length: manifest.count }, (_, index) => manifest.key(index));
  const found = await findInSamples(keys.map((_, index) => manifest.location(index)));
  assert.ok('positions' in found);
  for (const [i, positions] of found.positions.entries()) {
    const key = keys[i]!;
    assert.equal(positions.length > 8, sound.includes(key), key);
    if (!sound.includes(key)) continue;
    const { width, height } = await probe(files[key]!, defaultLimits);
    const box = { left: width - 40, top: height - 30, width: 40, height: 30 };
    const [plain, from] = [undefined, () => positions].map((kept) =>
      decodeCrop(files[key]!, box, defaultLimits, undefined, undefined, kept),
    );
    assert.deepEqual((await plain!).data, (await from!).data, key);
  }
});

test('a sample that is gone or has another size has none, and a source that is away is an error', async (context) => {
  const { options, files } = await mixedSource(context);
  const { manifest } = await indexSource(options);
  const locations = [0, 1, 2].map((index) => manifest.location(index));
  await rm(join(options.path, '100.jpg'));
  await writeFile(join(options.path, '101.jpg'), files['102.jpg']!);
  const found = await findInSamples(locations);
  assert.deepEqual('positions' in found && found.positions.map(({ length }) => length > 0), [false, false, true]);
  await rename(options.path, `${options.path}-away`);
  const away = await findInSamples(locations.slice(0, 1));
  assert.ok('reason' in away && away.reason === 'STORAGE_UNAVAILABLE');
});
