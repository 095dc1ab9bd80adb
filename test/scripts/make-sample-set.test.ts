import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { extract } from 'tar-stream';
import { parse } from 'yaml';
import { makeSampleSet, sourceFolders } from '../../scripts/make-sample-set.js';
import { TributaryError } from '../../src/errors.js';

let out: string;
let counts: Readonly<Record<string, number>>;

before(async () => {
  out = await mkdtemp(join(tmpdir(), 'sample-set-'));
  counts = await makeSampleSet(out, 60);
});
after(() => rm(out, { recursive: true, force: true }));

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

async function digestOf(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of await filesOf(folder)) hash.update(file).update(await readFile(join(folder, file)));
  return hash.digest('hex');
}

test('the same command writes the same bytes, also over an earlier set of another size', async () => {
  const again = await mkdtemp(join(tmpdir(), 'sample-set-'));
  try {
    await makeSampleSet(again, 90);
    await makeSampleSet(again, 60);
    assert.equal(await digestOf(again), await digestOf(out));
  } finally {
    await rm(again, { recursive: true, force: true });
  }
});

test('every source has its own layout, and as many images as were reported', async () => {
  const files = await filesOf(out);
  const patterns: Record<string, RegExp> = {
    imagenet: /^imagenet\/train\/(n\d{8})\/\1_\d+\.JPEG$/,
    coco: /^coco\/images\/train2017\/\d{12}\.(jpg|png)$/,
    objects365: /^objects365\/images\/train\/obj365_train_\d{12}\.(jpg|png)$/,
    gqa: /^gqa\/paired\/train\/\d+\.jpg$/,
    flickr: /^flickr\/paired\/train\/\d+\.jpg$/,
    dota: /^dota\/paired\/train\/P\d{4}__1024__\d+___\d+\.jpg$/,
  };
  for (const [source, pattern] of Object.entries(patterns)) {
    assert.equal(files.filter((file) => pattern.test(file)).length, counts[source], source);
  }
  const others = [
    /^imagenet\/val\/n\d{8}\/ILSVRC2012_val_\d{8}\.JPEG$/,
    /^coco\/images\/val2017\/\d{12}\.jpg$/,
    /^datacomp\/shards\/\d{8}(\.tar|_stats\.json)$/,
    /^tributary\.yaml$/,
  ];
  const known = [...Object.values(patterns), ...others];
  assert.deepEqual(
    files.filter((file) => !known.some((pattern) => pattern.test(file))),
    [],
  );
  assert.ok(Object.keys(counts).every((source) => (counts[source] ?? 0) >= 4));
});

test('shards hold an image, its text and its facts per sample, and the counts beside agree', async () => {
  let images = 0;
  for (const shard of ['00000000', '00000001']) {
    const names: string[] = [];
    const reader = createReadStream(join(out, `datacomp/shards/${shard}.tar`)).pipe(extract());
    for await (const entry of reader) {
      names.push(entry.header.name);
      entry.resume();
    }
    const keys = [...new Set(names.map((name) => name.split('.')[0]))];
    assert.deepEqual(
      names,
      keys.flatMap((key) => [`${key}.jpg`, `${key}.json`, `${key}.txt`]),
    );
    const stats = JSON.parse(await readFile(join(out, `datacomp/shards/${shard}_stats.json`), 'utf8'));
    assert.equal(stats.successes, keys.length);
    images += keys.length;
  }
  assert.equal(images, counts.datacomp);
});

test('every image decodes, and the odd encodings are there', async () => {
  const seen = new Set<string>();
  for (const file of await filesOf(out)) {
    if (!/\.(jpe?g|png)$/i.test(file)) continue;
    const image = sharp(join(out, file), { failOn: 'warning' });
    const { format, channels, isProgressive, orientation, width, height, chromaSubsampling } = await image.metadata();
    await image.stats();
    if (file.startsWith('dota')) assert.deepEqual([width, height], [1024, 1024]);
    if (channels === 1) seen.add('grey');
    if (isProgressive && format === 'jpeg') seen.add('progressive');
    if (orientation === 6) seen.add('turned');
    if (channels === 4) seen.add('alpha');
    if (format === 'png' && file.endsWith('.JPEG')) seen.add('PNG named JPEG');
    if (chromaSubsampling === '4:4:4' && format === 'jpeg' && channels === 3) seen.add('4:4:4');
    if (width < height) seen.add('upright');
  }
  assert.deepEqual([...seen].sort(), ['4:4:4', 'PNG named JPEG', 'alpha', 'grey', 'progressive', 'turned', 'upright']);
});

test('pictures of a class differ from each other', async () => {
  const folder = join(out, 'imagenet/train/n01440764');
  const digests = new Set<string>();
  const names = await readdir(folder);
  for (const name of names) {
    digests.add((await sharp(join(folder, name)).resize(16, 16, { fit: 'fill' }).raw().toBuffer()).toString('hex'));
  }
  assert.equal(digests.size, names.length);
});

test('the config names the seven sources and the runs of the demo', async () => {
  const config = parse(await readFile(join(out, 'tributary.yaml'), 'utf8'));
  assert.deepEqual(Object.keys(config.sources), [...sourceFolders]);
  for (const { path } of Object.values<{ path: string }>(config.sources)) {
    assert.ok((await readdir(join(out, path))).length > 0, path);
  }
  assert.deepEqual(Object.keys(config.runs), ['demo', 'demo-default', 'demo-val']);
  assert.deepEqual(config.runs.demo.sources, [...sourceFolders]);
});

test('a folder that holds anything else is refused and stays as it was', async () => {
  const other = await mkdtemp(join(tmpdir(), 'sample-set-'));
  try {
    await writeFile(join(other, 'thesis.txt'), 'mine');
    await assert.rejects(makeSampleSet(other, 60), (error: unknown) => {
      assert.ok(error instanceof TributaryError);
      assert.equal(error.reason, 'ARGUMENT_INVALID');
      return error.message.includes('thesis.txt');
    });
    assert.deepEqual(await readdir(other), ['thesis.txt']);
  } finally {
    await rm(other, { recursive: true, force: true });
  }
});

test('wrong arguments give one line and a non-zero exit', () => {
  const script = fileURLToPath(new URL('../../scripts/make-sample-set.js', import.meta.url));
  for (const args of [
    [],
    ['a', 'b'],
    [join(out, 'x'), '--images', '12'],
    [join(out, 'x'), '--images', 'many'],
    ['--imges', '3'],
  ]) {
    const { status, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
    assert.equal(status, 2, args.join(' '));
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  }
});
