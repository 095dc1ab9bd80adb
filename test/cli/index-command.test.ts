import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { main } from '../../scripts/server-process.js';
import { readConfig } from '../../src/cli/options.js';
import { openPositions } from '../../src/sources/manifest/positions-file.js';
import { openSource } from '../../src/sources/open-source.js';
import { indexedSamples, sevenSources, startServer, tributary } from '../fleet.js';
import { makeOddThings } from '../sources/odd-things.js';
import { temporaryFolder } from '../sources/tree.js';

test('what runs use is indexed for their splits, and the rest for training', async (t) => {
  const config = await indexedSamples(t);
  const { imagenet, coco, flickr } = sevenSources().sources;
  const run = { recipe: 'dinov3', global_batch: 2, image_size: 32, epochs: 1 };
  const runs = { train: { ...run, sources: ['coco'] }, val: { ...run, sources: ['imagenet'], split: 'val' } };
  await writeFile(config, stringify({ index: './fresh', sources: { imagenet, coco, flickr }, runs }));
  const cwd = dirname(config);
  const one = await tributary(['index', '--source', 'flickr'], { cwd });
  assert.equal(one.code, 0, one.stderr);
  assert.match(one.stdout, /^flickr \(train\): \d+ samples, flat, .* fingerprint [0-9a-f]{16}\n$/);
  const plan = ['plan', '--epoch', '0', '--steps', '0', '--run'];
  const refused = await tributary([...plan, 'train'], { cwd });
  assert.match(refused.stderr, /NOT_INDEXED/);
  const all = await tributary(['index'], { cwd });
  for (const name of [/^imagenet \(val\): /m, /^coco \(train\): /m, /^flickr \(train\): /m])
    assert.match(all.stdout, name);
  for (const name of ['train', 'val']) assert.equal((await tributary([...plan, name], { cwd })).code, 0);
});

test('--missing indexes what has no manifest, and says so where the data has changed since', async (t) => {
  const cwd = dirname(await indexedSamples(t));
  const missing = ['index', '--missing', '--source', 'coco', 'flickr'];
  const { stdout } = await tributary(missing, { cwd });
  assert.equal(stdout, 'coco (train): indexed already\nflickr (train): indexed already\n');
  const { sources } = sevenSources();
  await writeFile(join(cwd, 'far.yaml'), stringify({ index: 'https://127.0.0.1/index', sources }));
  const far = ['index', '--config', 'far.yaml', '--source', 'coco'];
  assert.match(
    (await tributary(far, { cwd })).stderr,
    /local folder to write manifests into.*--out.*ARGUMENT_INVALID/s,
  );
  assert.equal((await tributary([...far, '--out', 'uploads'], { cwd })).code, 0);
  assert.deepEqual(await readdir(join(cwd, 'uploads')), ['coco.train.arrow']);
  await rm(join(cwd, '.tributary'), { recursive: true });
  assert.match(
    (await tributary(missing, { cwd })).stdout,
    /^coco \(train\): \d+ samples.*^flickr \(train\): \d+ samples/ms,
  );
  const [image] = await readdir(join(cwd, 'coco/images/train2017'));
  await rm(join(cwd, 'coco/images/train2017', image!));
  const changed = await tributary(missing, { cwd });
  assert.equal(changed.code, 2);
  assert.match(changed.stderr, /SOURCE_CHANGED/);
});

test('every odd thing is told by its kind, a loss aloud, and refused under --strict', async (t) => {
  const cwd = await temporaryFolder(t);
  makeOddThings(cwd);
  const run = { recipe: 'dinov3', global_batch: 2, image_size: 32, epochs: 1, sources: ['folders', 'tars'] };
  const sources = { folders: './folders', tars: './tars' };
  await writeFile(join(cwd, 'tributary.yaml'), stringify({ sources, runs: { run } }));
  const strict = await tributary(['index', '--strict'], { cwd });
  assert.equal(strict.code, 2);
  assert.match(
    strict.stderr,
    /every sample of source folders in its index.*left out 2 .files whose names.*INDEX_INCOMPLETE/s,
  );
  assert.deepEqual(await readdir(cwd).then((names) => names.includes('.tributary')), false);
  const { code, stdout, stderr } = await tributary(['index'], { cwd });
  assert.equal(code, 0, stderr);
  const told = stdout
    .trimEnd()
    .split(/\n */)
    .map((line) =>
      line.replace(/, \S+ MB, fingerprint .*/, '').replace(/(left out|kept) (\d+) \((.*?)\): ([^;]*).*/, '$2 $3: $4'),
    );
  const config = await readConfig(join(cwd, 'tributary.yaml'));
  for (const source of Object.values(config.sources))
    await openSource({ ...source, split: 'train', indexFolder: config.index });
  assert.deepEqual(told, [
    'folders (train): 8 samples in 2 classes, imagenet',
    'WARNING: 12 of 17 samples of class dog are lost',
    '1 links to folders outside of the source: train/dog/outside',
    '1 links to files outside of the source: train/dog/out.jpg',
    '1 links that lead nowhere: train/dog/gone.jpg',
    '1 links to a folder that they lie in: train/dog/round',
    '1 folders whose names are not UTF-8: train/dog/folder\\xff',
    '2 files whose names are not UTF-8: train/dog/bad\\xfe.jpg, train/dog/bad\\xff.jpg',
    '1 no regular files, though named like samples or shards: train/dog/fifo.jpg',
    '1 files of 4 GiB or more: train/dog/huge.jpg',
    '1 files or rows of no bytes, which decoding will find corrupt: train/dog/empty.jpg',
    '2 images of a format that is not read: train/dog/d.gif, train/dog/e.PBM',
    '1 shards that do not end in .tar: train/dog/shards.tar.gz',
    '4 hidden: names that start with a dot, __MACOSX: train/__MACOSX, train/dog/.DS_Store, train/dog/._a.jpg, ...',
    '2 files without the suffix of an image: train/dog/notes.txt, train/dog/two\\x0alines.txt',
    'tars (train): 7 samples, webdataset',
    'WARNING: 7 of 10 samples of shard 0.tar are lost',
    'WARNING: 2.tar: damaged at byte 1800: the file ends without an end mark; 1 samples before it',
    '1 links to files outside of the source: 5.tar',
    '1 files whose names are not UTF-8: 0.tar/bad\\xff.jpg',
    '1 no regular files, though named like samples or shards: 6.tar',
    '1 files or rows of no bytes, which decoding will find corrupt: 0.tar/empty.jpg',
    '1 images of a format that is not read: 0.tar/d.gif',
    '1 members with the name of a later one, which counts: 0.tar/b.jpg',
    '1 members that are links, and not hard links to an earlier member: 0.tar/soft.jpg',
    '1 sparse members: 0.tar/holes.jpg',
    '1 members that are no regular files, though named like samples: 0.tar/fifo.jpg',
    '2 shards that do not end in .tar: 3.tar.gz, 4.TAR',
    '4 hidden: names that start with a dot, __MACOSX: ._1.tar, 0.tar/._a.jpg, 0.tar/__MACOSX/._b.jpg, ...',
    '1 files without the suffix of an image: 0.tar/e.cls',
  ]);
});

test('--positions keeps positions beside manifests, anew each time but under --missing, and not in a store', async (t) => {
  const cwd = dirname(await indexedSamples(t));
  const some = ['index', '--source', 'coco', 'datacomp', '--positions'];
  const first = await tributary(some, { cwd });
  assert.equal(first.code, 0, first.stderr);
  const told = /^(\w+) \(train\): positions in (\d+) of (\d+) samples, \d+\.\d MB, (\d+\.\d) % of their size$/gm;
  for (const name of ['coco', 'datacomp']) {
    const [, , found, of, share] = [...first.stdout.matchAll(told)].find(([, source]) => source === name)!;
    assert.ok(Number(found) > 0 && Number(found) <= Number(of), first.stdout);
    assert.ok(Number(share) > 0 && Number(share) < 10, share);
    assert.equal(openPositions(join(cwd, `.tributary/${name}.train.positions`))!.count, Number(of));
  }
  const again = await tributary([...some, '--missing'], { cwd });
  assert.match(again.stdout, /^coco \(train\): indexed already\ncoco \(train\): has positions already\ndatacomp/);
  await rm(join(cwd, '.tributary/coco.train.positions'));
  const missing = await tributary([...some, '--missing'], { cwd });
  assert.match(
    missing.stdout,
    /^coco \(train\): positions in .*\ndatacomp .*\ndatacomp \(train\): has positions already$/m,
  );
  const anew = await tributary(some, { cwd });
  assert.equal([...anew.stdout.matchAll(told)].length, 2);

  const { sources } = sevenSources();
  await writeFile(join(cwd, 'far.yaml'), stringify({ index: 'https://127.0.0.1/index', sources }));
  const far = ['index', '--config', 'far.yaml', '--source', 'coco', '--positions'];
  const refused = await tributary(far, { cwd });
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /ARGUMENT_INVALID/);
  assert.equal((await tributary([...far, '--out', 'uploads'], { cwd })).code, 0);
  assert.deepEqual((await readdir(join(cwd, 'uploads'))).sort(), ['coco.train.arrow', 'coco.train.positions']);
});

test('index --positions that is killed leaves none, and the next begins anew', async (t) => {
  const config = await indexedSamples(t);
  const cwd = dirname(config);
  const folder = join(cwd, '.tributary');
  const begun = new AbortController();
  const events = watch(folder, (_, name) => {
    if (name?.startsWith('dota.train.positions')) begun.abort();
  });
  t.after(() => events.close());
  const asked = ['index', '--missing', '--positions', '--source', 'dota'];
  const child = spawn(process.execPath, [main, ...asked], { cwd, stdio: 'ignore' });
  const ended = once(child, 'exit');
  await once(begun.signal, 'abort');
  child.kill('SIGKILL');
  assert.deepEqual(await ended, [null, 'SIGKILL']);
  const kept = (await readdir(folder)).filter((name) => name.startsWith('dota.train.positions'));
  assert.match(kept.join(), /^dota\.train\.positions\.\d+\.[0-9a-f]+\.part$/);
  const replica = await startServer(t, 'serve', ['--config', config, '--backend', 'simd']);
  assert.ok(replica.log.every(({ msg }) => msg !== 'positions not used'));
  const next = await tributary(asked, { cwd });
  assert.match(next.stdout, /^dota \(train\): indexed already\ndota \(train\): positions in \d+ of/);
});
