import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { indexSource } from '../../../src/sources/index-source.js';
import { openSource } from '../../../src/sources/open-source.js';
import type { Progress } from '../../../src/sources/scan/progress-meter.js';
import { temporaryFolder } from '../tree.js';

test('a folder too large for one go is measured in parts on threads, and progress tells how far', async (context) => {
  const root = await temporaryFolder(context);
  const path = join(root, 'data');
  const expected: [string, number][] = [];
  mkdirSync(join(path, '10000'), { recursive: true });
  for (let i = 0; i < 17_000; i++) {
    const name = `${String(i).padStart(5, '0')}.jpg`;
    writeFileSync(join(path, name), i % 7 === 0 ? 'x' : '');
    if (name === '10000.jpg') expected.push(['10000/a.jpg', 0], ['10000/b.jpg', 0]);
    expected.push([name, i % 7 === 0 ? 1 : 0]);
  }
  for (const name of ['b.jpg', 'a.jpg']) writeFileSync(join(path, '10000', name), '');
  const told: Progress[] = [];
  const options = { name: 's', path, split: 'train' as const, indexFolder: join(root, 'index') };
  const { manifest } = await indexSource({ ...options, onProgress: (progress) => told.push(progress) });
  const rows = Array.from({ length: manifest.count }, (_, i) => [manifest.key(i), manifest.size(i)]);
  assert.deepEqual(rows, expected);
  const last = told.at(-1)!;
  assert.deepEqual([last.count, last.fraction, last.bytes], [expected.length, 1, manifest.details.bytes]);
  assert.equal((await openSource(options)).fingerprint, manifest.fingerprint);
});
