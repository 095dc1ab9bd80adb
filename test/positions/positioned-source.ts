import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { temporaryFolder, writeTree } from '../sources/tree.js';

const images = fileURLToPath(new URL('../../../test/vectors/images/', import.meta.url));

/** A folder of images with and without positions: `sound` are JPEG files that have some. */
export async function mixedSource(context: TestContext) {
  const root = await temporaryFolder(context);
  const drawn = (background: string, width: number) =>
    sharp({
      create: { width, height: 200, channels: 3, background, noise: { type: 'gaussian', mean: 120, sigma: 30 } },
    });
  const files: Record<string, Buffer> = {};
  for (let i = 0; i < 70; i++)
    files[`${100 + i}.jpg`] = await drawn('red', 150 + i)
      .jpeg({ quality: 90 })
      .toBuffer();
  const sound = Object.keys(files);
  const cut = files['100.jpg']!;
  Object.assign(files, {
    'a.png': await drawn('blue', 99).png().toBuffer(),
    'b.jpg': await drawn('blue', 99).jpeg({ progressive: true }).toBuffer(),
    'c.jpg': cut.subarray(0, cut.length >> 1),
    'd.jpg': await readFile(join(images, 'cmyk.jpg')),
    'e.jpg': Buffer.from('no image'),
    'f.jpg': Buffer.alloc(0),
  });
  await writeTree(join(root, 'data'), files);
  const options = { name: 's', path: join(root, 'data'), split: 'train' as const, indexFolder: join(root, 'index') };
  return { root, options, files, sound };
}
