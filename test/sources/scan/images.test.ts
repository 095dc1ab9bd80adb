import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { hasImageSuffix, imageSuffixes } from '../../../src/sources/scan/images.js';

const python = '/usr/bin/python3';

test('a suffix is what PurePath.suffix says', () => {
  const names = [
    '.jpg',
    'a.jpg',
    'a.JPEG',
    'a.',
    'a..png',
    'jpg',
    'a.jpg.txt',
    '.a.tif',
    'a.jpeg2000',
    'd.jpg/a',
    'd/.jpg',
  ];
  const program = `
import json, pathlib, sys
print(json.dumps([pathlib.PurePath(n).suffix[1:].lower() in sys.argv[1].split(',') for n in json.loads(sys.argv[2])]))`;
  const expected = JSON.parse(
    execFileSync(python, ['-c', program, [...imageSuffixes].join(), JSON.stringify(names)], { encoding: 'utf8' }),
  );
  assert.deepEqual(names.map(hasImageSuffix), expected);
});
