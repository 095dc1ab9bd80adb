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
import { snappyInBlocks } from '../snappy-in-blocks.js';
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

/** As good as random, and the same each time. */
function bytesOf(name: string, count: number): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; 64 * i < count; i++) parts.push(createHmac('sha512', name).update(`${i}`).digest());
  return Buffer.concat(parts).subarray(0, count);
}

test('values of each encoding are read out of snappy in blocks, and by whole pages where copies go back beyond them', async (context) => {
  // As of photographs: their heads are alike, and the rest is like nothing else.
  const head = bytesOf('head', 600);
  const images = Array.from({ length: 40 }, (_, row) => Buffer.concat([head, bytesOf(`${row}`, 9_000 + 700 * row)]));
  for (const [way, compressors] of Object.entries({ blocks: { SNAPPY: snappyInBlocks }, stream: {} })) {
    const root = await temporaryFolder(context);
    for (const encoding of ['PLAIN', 'RLE_DICTIONARY', 'DELTA_LENGTH_BYTE_ARRAY'] as const)
      parquetWriteFile({
        filename: join(root, `${encoding}.parquet`),
        pageSize: 300_000,
        compressors,
        schema: [
          { name: 'root', num_children: 1 },
          { name: 'image', repetition_type: 'OPTIONAL', num_children: 1 },
          { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
        ],
        columnData: [{ name: 'image', data: [...images, ...images].map((bytes) => ({ bytes })), encoding }],
      });
    const { manifest, report } = await indexSource(optionsFor(root));
    assert.deepEqual(report.warnings, []);
    assert.equal(manifest.count, 6 * images.length);
    const packings = new Set<string | undefined>();
    for (let i = 0; i < manifest.count; i++) {
      packings.add(manifest.location(i).packed?.packing);
      const bytes = await readSample(manifest.location(i));
      assert.ok(bytes.equals(images[i % images.length]!), `${manifest.key(i)} in ${way}`);
    }
    assert.equal(packings.has('snappy-stream'), way === 'stream', `${way}: ${[...packings]}`);
  }
});

test('lengths that lie before all values of a page are read, however many blocks they fill', async (context) => {
  const root = await temporaryFolder(context);
  const all = bytesOf('all', 1 << 16);
  const imageOf = (row: number): Buffer => all.subarray(row % 60_000, (row % 60_000) + 1 + ((row * 37) % 250));
  const count = 150_000;
  parquetWriteFile({
    filename: join(root, 'lengths.parquet'),
    pageSize: 1 << 26,
    rowGroupSize: count,
    compressors: { SNAPPY: snappyInBlocks },
    schema: [
      { name: 'root', num_children: 1 },
      { name: 'image', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
    ],
    columnData: [
      {
        name: 'image',
        data: Array.from({ length: count }, (_, row) => imageOf(row)),
        encoding: 'DELTA_LENGTH_BYTE_ARRAY',
      },
    ],
  });
  const { manifest, report } = await indexSource(optionsFor(root));
  assert.deepEqual(report.warnings, []);
  assert.equal(manifest.count, count);
  for (let row = 0; row < count; row += 997)
    assert.ok((await readSample(manifest.location(row))).equals(imageOf(row)), `row ${row}`);
});

test('files of DuckDB and of Rust’s arrow are read, with the columns beside their images', async (context) => {
  const root = await temporaryFolder(context);
  // parquet-wasm 0.8 and DuckDB 1.5, 12 rows each: snappy, of the second version of pages, and in Zstandard.
  const writers = ['arrow-rs', 'arrow-rs-v2', 'duckdb', 'duckdb-v2', 'duckdb-zstd'];
  for (const name of writers)
    await copyFile(join(files, `../parquet-writers/${name}.parquet`), join(root, `${name}.parquet`));
  const { manifest, report } = await indexSource(optionsFor(root));
  assert.deepEqual(report.warnings, []);
  const told = await openSource({ ...optionsFor(root), columns: ['caption', 'row'] });
  const rows = 12;
  assert.equal(manifest.count, writers.length * rows);
  for (let i = 0; i < manifest.count; i++) {
    const row = i % rows;
    assert.deepEqual(JSON.parse(await told.columns!(i)), { caption: `caption ${row % 3}`, row }, manifest.key(i));
    const image =
      row === 4 ? Buffer.alloc(0) : Buffer.concat([bytesOf('head', 300), bytesOf(`${row}`, 200 + 150 * row)]);
    assert.ok((await readSample(manifest.location(i))).equals(image), manifest.key(i));
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
