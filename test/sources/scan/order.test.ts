import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { indexSource } from '../../../src/sources/index-source.js';
import { hasImageSuffix } from '../../../src/sources/scan/images.js';
import { compareKeys, sortNames } from '../../../src/sources/scan/order.js';
import { temporaryFolder, writeTree } from '../tree.js';

const python = '/usr/bin/python3';
const suffixes = [
  'avif',
  'bmp',
  'dng',
  'heic',
  'heif',
  'jp2',
  'jpeg',
  'jpeg2000',
  'jpg',
  'mpo',
  'png',
  'tif',
  'tiff',
  'webp',
];

test('keys come in the order of sorted(Path.rglob), names beyond the basic plane and folders beside files included', async (context) => {
  const root = await temporaryFolder(context);
  const names = [
    'a',
    'a.jpg',
    'a-b.jpg',
    'a b.JPG',
    'A.jpeg',
    'ä.png',
    'Ａ.jpg',
    '😀.jpg',
    '\ue000.jpg',
    '0.webp',
    '10.jpg',
    '9.jpg',
  ];
  const files: Record<string, number> = { 'skip.txt': 1, '.jpg': 1, 'x.': 1, noext: 1, '.hidden.jpg': 3 };
  for (const [i, name] of names.entries()) {
    if (name.includes('.')) files[name] = i + 1;
    for (const folder of ['a', 'a.jpg.d', 'a-b', 'ä', '😀', '\uff21', 'B', 'b/c'])
      if (name.includes('.')) files[`${folder}/${name}`] = i + 20;
  }
  await writeTree(root, files);
  const { manifest } = await indexSource({ name: 's', path: root, split: 'train', indexFolder: `${root}.index` });
  const keys = Array.from({ length: manifest.count }, (_, i) => manifest.key(i));
  const program = `
import json, pathlib, sys
root = pathlib.Path(sys.argv[1]); suffixes = set(sys.argv[2].split(','))
found = sorted(p for p in root.rglob('*') if p.is_file() and p.suffix[1:].lower() in suffixes)
print(json.dumps([[str(p.relative_to(root)), p.stat().st_size] for p in found]))`;
  const expected = JSON.parse(execFileSync(python, ['-c', program, root, suffixes.join()], { encoding: 'utf8' }));
  assert.deepEqual(
    keys.map((key, i) => [key, manifest.size(i)]),
    expected,
  );
  for (const [i, key] of keys.entries()) assert.equal(manifest.find(key), i);
  assert.equal(manifest.find('a/none.jpg'), -1);
});

test('names sort by code point, as Python sorts str', () => {
  const name = fc.string({ unit: 'binary', maxLength: 6 }).filter((text) => !/[\0/]/.test(text));
  fc.assert(
    fc.property(fc.array(name), (names) => {
      const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assert.deepEqual(sortNames([...names]), byBytes);
    }),
  );
});

test('keys compare component by component', () => {
  const part = fc.constantFrom('a', 'a-', 'a.', 'b', 'ä', '😀', '\uff21');
  const path = fc.array(part, { minLength: 1, maxLength: 4 });
  const byParts = (a: string[], b: string[]): number => {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const order = Buffer.compare(Buffer.from(a[i]!), Buffer.from(b[i]!));
      if (order !== 0) return order;
    }
    return a.length - b.length;
  };
  fc.assert(
    fc.property(path, path, (a, b) => {
      const [x, y] = [Buffer.from(a.join('/')), Buffer.from(b.join('/'))];
      assert.equal(Math.sign(compareKeys(x, 0, x.length, y, 0, y.length)), Math.sign(byParts(a, b)));
    }),
  );
});

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
    execFileSync(python, ['-c', program, suffixes.join(), JSON.stringify(names)], { encoding: 'utf8' }),
  );
  assert.deepEqual(names.map(hasImageSuffix), expected);
});
