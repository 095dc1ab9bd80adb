import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { temporaryFolder, tributary } from '../fleet.js';

const image = fileURLToPath(new URL('../../../test/vectors/images/waves.jpg', import.meta.url));

test('an image is augmented by its seed alone, the same on every backend, and the draw is printed', async (t) => {
  const folder = await temporaryFolder(t);
  const augment = async (seed: number, name: string, ...more: string[]) => {
    const out = join(folder, name);
    const args = [
      'augment',
      image,
      '--recipe',
      'dinov3',
      '--seed',
      String(seed),
      '--size',
      '48',
      '--out',
      out,
      ...more,
    ];
    const { code, stdout, stderr } = await tributary(args);
    assert.deepEqual([code, stderr], [0, '']);
    const { backend, ...draw } = JSON.parse(stdout);
    return {
      pixels: await sharp(await readFile(out))
        .raw()
        .toBuffer(),
      draw,
    };
  };
  const [once, again, other, validation] = [
    await augment(7, 'a.png', '--backend', 'simd'),
    await augment(7, 'b.png', '--backend', 'cpu'),
    await augment(8, 'c.png', '--backend', 'simd'),
    await augment(7, 'd.png', '--backend', 'simd', '--val'),
  ];
  assert.equal(once.pixels.length, 48 * 48 * 3);
  assert.deepEqual(again, once);
  assert.notDeepEqual(other.pixels, once.pixels);
  assert.notDeepEqual(validation.pixels, once.pixels);
  assert.equal(once.draw.seed, 7);
});

test('each of several views is a PNG of its name, the same on every backend', async (t) => {
  const folder = await temporaryFolder(t);
  const augment = async (backend: string) => {
    const out = join(folder, backend);
    const set = ['global_size=48', 'local_size=32', 'local_count=3', 'gram_size=64'].flatMap((pair) => ['--set', pair]);
    const args = [
      'augment',
      image,
      '--recipe',
      'dinov3_gram',
      '--seed',
      '7',
      ...set,
      '--backend',
      backend,
      '--out',
      out,
    ];
    const { code, stdout, stderr } = await tributary(args);
    assert.deepEqual([code, stderr], [0, '']);
    const views = JSON.parse(stdout).views as { name: string; size: number }[];
    return Promise.all(
      views.map(async ({ name, size }) => [name, size, await readFile(join(out, `${name}.png`))] as const),
    );
  };
  const views = await augment('simd');
  assert.deepEqual(
    views.map(([name, size]) => `${name} ${size}`),
    ['global1 48', 'global2 48', 'gram1 64', 'gram2 64', 'local1 32', 'local2 32', 'local3 32'],
  );
  for (const [, size, png] of views) assert.equal((await sharp(png).metadata()).width, size);
  assert.deepEqual(await augment('webasm'), views);
});
