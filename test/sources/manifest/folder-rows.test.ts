import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { indexSource } from '../../../src/sources/index-source.js';
import { temporaryFolder, writeTree } from '../tree.js';

const python = '/usr/bin/python3';
const suffixes = ['bmp', 'jpeg', 'jpg', 'mpo', 'pgm', 'png', 'ppm', 'tif', 'tiff', 'webp'];

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
  const files: Record<string, number> = {
    'skip.txt': 1,
    '.jpg': 1,
    'x.': 1,
    noext: 1,
    '.hidden.jpg': 3,
    '.folder/a.jpg': 1,
  };
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
is_hidden = lambda p: any(part.startswith('.') for part in p.relative_to(root).parts)
found = sorted(p for p in root.rglob('*') if p.is_file() and not is_hidden(p) and p.suffix[1:].lower() in suffixes)
print(json.dumps([[str(p.relative_to(root)), p.stat().st_size] for p in found]))`;
  const expected = JSON.parse(execFileSync(python, ['-c', program, root, suffixes.join()], { encoding: 'utf8' }));
  assert.deepEqual(
    keys.map((key, i) => [key, manifest.size(i)]),
    expected,
  );
  for (const [i, key] of keys.entries()) assert.equal(manifest.find(key), i);
  assert.equal(manifest.find('a/none.jpg'), -1);
});
