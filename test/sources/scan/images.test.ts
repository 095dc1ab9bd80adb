import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { hasImageSuffix, hasOtherImageSuffix, imageSuffixes } from '../../../src/sources/scan/images.js';

const python = '/usr/bin/python3';

test('a suffix is what PurePath.suffix says', () => {
  const names = ['.jpg', 'a.jpg', 'a.JPEG', 'a.', 'a..png', 'jpg', 'a.jpg.txt', '.a.tif', 'a.mpo', 'd.jpg/a', 'd/.jpg'];
  const program = `
import json, pathlib, sys
print(json.dumps([pathlib.PurePath(n).suffix[1:].lower() in sys.argv[1].split(',') for n in json.loads(sys.argv[2])]))`;
  const expected = JSON.parse(
    execFileSync(python, ['-c', program, [...imageSuffixes].join(), JSON.stringify(names)], { encoding: 'utf8' }),
  );
  assert.deepEqual(names.map(hasImageSuffix), expected);
});

test('every suffix of Ultralytics and of torchvision is a sample’s, or is told as an image that is not read', () => {
  const program = 'import json; from torchvision.datasets.folder import IMG_EXTENSIONS as e; print(json.dumps(e))';
  const torchvision: string[] = JSON.parse(execFileSync(python, ['-c', program], { encoding: 'utf8' }));
  const ultralytics = 'avif bmp dng heic heif jp2 jpeg jpeg2000 jpg mpo png tif tiff webp'.split(' ');
  for (const suffix of [...ultralytics, ...torchvision.map((each) => each.slice(1))]) {
    const name = `a.${suffix.toUpperCase()}`;
    assert.notEqual(hasImageSuffix(name), hasOtherImageSuffix(name), suffix);
  }
  for (const unread of ['avif', 'dng', 'heic', 'heif', 'jp2', 'jpeg2000', 'gif'])
    assert.ok(hasOtherImageSuffix(`a.${unread}`), unread);
});
