import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parquetWriteFile } from 'hyparquet-writer';
import { indexSource } from '../../../src/sources/index-source.js';
import type { Manifest } from '../../../src/sources/manifest/manifest.js';
import { openSource } from '../../../src/sources/open-source.js';
import { indexParquet } from '../../../src/sources/scan/parquet.js';
import { readSample } from '../../../src/sources/storage/read-sample.js';
import { age, temporaryFolder } from '../tree.js';

/**
 * Written by pyarrow 25, each in another form, with `sums.json`: of each row the SHA-256 of its image and its label, as pyarrow reads them.
 * The images of `snappy` are larger than its blocks; in each some are null or of no bytes.
 */
const files = fileURLToPath(new URL('../../../../test/sources/parquet', import.meta.url));
const sums: Record<string, [string, number | null][]> = JSON.parse(await readFile(join(files, 'sums.json'), 'utf8'));
const forms = Object.keys(sums);

const optionsFor = (root: string) => ({
  name: 's',
  path: root,
  split: 'train' as const,
  indexFolder: join(root, '.index'),
});

async function read(manifest: Manifest): Promise<[string, number | null][]> {
  return Promise.all(
    Array.from({ length: manifest.count }, async (_, i) => {
      const bytes = await readSample(manifest.location(i));
      assert.equal(bytes.length, manifest.size(i));
      return [createHash('sha256').update(bytes).digest('hex'), manifest.label(i)?.index ?? null] as const;
    }),
  ) as Promise<[string, number | null][]>;
}

test('every row has the bytes and the label that pyarrow reads, in each form, in the order of files and rows', async (context) => {
  const root = await temporaryFolder(context);
  await mkdir(join(root, 'data'));
  for (const form of forms) await copyFile(join(files, `${form}.parquet`), join(root, 'data', `${form}.parquet`));
  await copyFile(join(files, 'none.parquet'), join(root, 'data', 'test-0.parquet'));
  await age(...forms.map((form) => join(root, 'data', `${form}.parquet`)));
  const { manifest, report } = await indexSource(optionsFor(root));
  assert.equal(manifest.layout, 'parquet');
  assert.deepEqual(report.warnings, []);
  // A hyphen sorts before the dot.
  const sorted = forms.toSorted((a, b) => (`${a}.parquet` < `${b}.parquet` ? -1 : 1));
  assert.deepEqual(
    await read(manifest),
    sorted.flatMap((form) => sums[form]!.map(([sum, label]) => [sum, label !== null && label < 0 ? null : label])),
  );
  assert.deepEqual(manifest.classNames, ['cat', 'dog', 'bird']);
  const keys = Array.from({ length: manifest.count }, (_, i) => manifest.key(i));
  assert.deepEqual(
    keys,
    sorted.flatMap((form) => sums[form]!.map((_, row) => `${form}.parquet/0000000${row}`)),
  );
  for (const [index, key] of keys.entries()) assert.equal(manifest.find(key), index);
  const { count, examples } = report.leftOut.find(({ kind }) => kind === 'empty')!;
  assert.equal(count, 2 * forms.length);
  assert.equal(examples[0], 'dictionary.parquet/00000005');

  const again = await indexSource(optionsFor(root));
  assert.equal(again.report.reusedShards, forms.length);
  assert.deepEqual(await read(again.manifest), await read(manifest));
  // Another time, the same rows.
  await copyFile(join(files, 'gzip.parquet'), join(root, 'data', 'gzip.parquet'));
  assert.equal((await openSource(optionsFor(root))).fingerprint, manifest.fingerprint);
  await copyFile(join(files, 'none.parquet'), join(root, 'data', 'gzip.parquet'));
  await assert.rejects(openSource(optionsFor(root)), { reason: 'SOURCE_CHANGED' });
});

test('a sample of snappy is read without what lies before its block and after itself', async (context) => {
  const root = await temporaryFolder(context);
  await copyFile(join(files, 'snappy.parquet'), join(root, '0.parquet'));
  const { manifest } = await indexSource(optionsFor(root));
  for (let i = 0; i < manifest.count; i++) {
    const { packed, length } = manifest.location(i);
    if (packed !== undefined) assert.ok(packed.length <= length + 65536 + 100, `${packed.length} for ${length}`);
  }
  assert.equal(manifest.location(0).packed?.packing, 'literal');
});

test('snappy whose copies go back beyond its blocks is read by whole pages, in both kinds of values', async (context) => {
  const root = await temporaryFolder(context);
  // As of photographs: their heads are alike, and the rest is like nothing else.
  const head = bytesOf('head', 600);
  const images = Array.from({ length: 40 }, (_, row) => Buffer.concat([head, bytesOf(`${row}`, 9_000 + 700 * row)]));
  const group = { repetition_type: 'OPTIONAL', num_children: 1 } as const;
  for (const [name, encoding] of Object.entries({ plain: 'PLAIN', twice: 'RLE_DICTIONARY' } as const))
    parquetWriteFile({
      filename: join(root, `${name}.parquet`),
      pageSize: 300_000,
      schema: [
        { name: 'root', num_children: 1 },
        { name: 'image', ...group },
        { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
      ],
      // In a dictionary each is once, and each row is there twice.
      columnData: [
        {
          name: 'image',
          data: (name === 'twice' ? [...images, ...images] : images).map((bytes) => ({ bytes })),
          encoding,
        },
      ],
    });
  const { manifest, report } = await indexSource(optionsFor(root));
  assert.deepEqual(report.warnings, []);
  assert.equal(manifest.count, 3 * images.length);
  const packings = new Set<string | undefined>();
  for (let i = 0; i < manifest.count; i++) {
    packings.add(manifest.location(i).packed?.packing);
    assert.ok((await readSample(manifest.location(i))).equals(images[i % images.length]!), `row ${i}`);
  }
  assert.ok(packings.has('snappy-stream'), `${[...packings]}`);

  function bytesOf(name: string, count: number): Buffer {
    const parts: Buffer[] = [];
    for (let i = 0; 64 * i < count; i++) parts.push(createHmac('sha512', name).update(`${i}`).digest());
    return Buffer.concat(parts).subarray(0, count);
  }
});

test('what is damaged, cut, without images or packed otherwise is told, with the rows before it', async (context) => {
  const root = await temporaryFolder(context);
  const whole = await readFile(join(files, 'snappy.parquet'));
  await writeFile(join(root, '0.parquet'), whole);
  const { offset } = (await indexSource(optionsFor(root))).manifest.location(5);
  const scratched = Buffer.from(whole);
  // The header of the second row group's first page.
  scratched.fill(0xff, offset! - 30, offset!);
  await writeFile(join(root, '0.parquet'), scratched);
  await writeFile(join(root, '1.parquet'), whole.subarray(0, whole.length - 100));
  await copyFile(join(files, 'brotli.parquet'), join(root, '2.parquet'));
  await copyFile(join(files, '../tables/snappy.parquet'), join(root, '3.parquet'));
  const { manifest, report } = await indexSource(optionsFor(root));
  const told = new Map(report.warnings.map(({ shard, what }) => [shard, what]));
  assert.equal(told.size, 4);
  assert.match(told.get('1.parquet')!, /0 samples before it/);
  assert.match(told.get('2.parquet')!, /compressed with BROTLI, where snappy, zstd, gzip or nothing is read/);
  assert.match(told.get('3.parquet')!, /no column of images among key, w, caption/);
  assert.equal(manifest.count, 5);
});

test('labels in runs that have no end are told of', async () => {
  // The fuzzer's: what hyparquet makes of it has no end, and takes all memory.
  const bytes = Buffer.from(await readFile(join(files, '../endless-parquet.txt'), 'utf8'), 'base64');
  const read = async (into: Uint8Array, offset: number) => bytes.copy(into, 0, offset);
  const { places, labels, damage } = await indexParquet({ size: bytes.length, read, close: () => {} });
  assert.equal(damage!.what, '0 levels for 3 values');
  assert.deepEqual([places, labels], [[], []]);
});

test('a file that is overwritten in place is a corrupt sample, whatever it now holds there', async (context) => {
  const root = await temporaryFolder(context);
  for (const form of forms) await copyFile(join(files, `${form}.parquet`), join(root, `${form}.parquet`));
  const { manifest } = await indexSource(optionsFor(root));
  for (const form of forms) {
    const path = join(root, `${form}.parquet`);
    await writeFile(path, Buffer.alloc((await readFile(path)).length, 0xfe));
  }
  for (let i = 0; i < manifest.count; i++) {
    const location = manifest.location(i);
    if (location.packed === undefined) continue;
    await assert.rejects(readSample(location), {
      reason: 'SAMPLE_CORRUPT',
      metadata: { path: location.path, cause: 'SIZE_CHANGED' },
    });
  }
});
