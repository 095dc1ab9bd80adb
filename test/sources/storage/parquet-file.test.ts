import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parquetReadObjects } from 'hyparquet';
import { checkCount } from '../../../src/sources/storage/parquet-checks.js';
import {
  pageCompressors,
  parquetFile,
  parquetFooter,
  withCheckedPages,
} from '../../../src/sources/storage/parquet-file.js';

test('slices are of a buffer of their own, and one beyond the end is refused', async () => {
  const bytes = Buffer.from('parquet');
  const file = parquetFile({ size: 7, read: async (into, offset) => bytes.copy(into, 0, offset), close: () => {} });
  assert.equal(file.byteLength, 7);
  assert.equal(Buffer.from(await file.slice(3)).toString(), 'quet');
  assert.equal((await file.slice(1, 3)).byteLength, 2);
  await assert.rejects(async () => file.slice(5, 9), /the end of the file after 7 bytes/);
});

const inMemory = (bytes: Buffer) =>
  parquetFile({
    size: bytes.length,
    read: async (into, offset) => bytes.copy(into, 0, offset, offset + into.length),
    close: () => {},
  });

/** A file of nothing but a footer. */
function withFooter(footer: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return Buffer.concat([Buffer.from('PAR1'), footer, length, Buffer.from('PAR1')]);
}

const table = readFileSync(fileURLToPath(new URL('../../../../test/sources/tables/none.parquet', import.meta.url)));

test('a footer that asks for more memory than a process has, or has no end, is refused', async () => {
  const list = Buffer.from('f98090a10f', 'hex');
  const lists = withFooter(Buffer.concat([Buffer.from([0x19]), ...Array.from({ length: 30 }, () => list)]));
  await assert.rejects(parquetFooter(inMemory(lists)), /thrift with 32000000 values/);
  // A root with three parts, of which the first has one less than none.
  const endless = withFooter(
    Buffer.from('1502193c48016115060048016215010048016300160019 0c00'.replace(' ', ''), 'hex'),
  );
  await assert.rejects(parquetFooter(inMemory(endless)), /a schema of/);
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from('PAR1'),
    withFooter(Buffer.alloc(0)).subarray(0, 11),
    table.subarray(0, -1),
  ])
    await assert.rejects(parquetFooter(inMemory(bytes)), Error);
  assert.equal(Number((await parquetFooter(inMemory(table))).num_rows) > 0, true);
});

test('so is the header of a page', async () => {
  const metadata = await parquetFooter(inMemory(table));
  const read = (bytes: Buffer) => {
    const file = withCheckedPages(inMemory(bytes), metadata, {});
    return parquetReadObjects({ file, metadata, columns: ['key'] });
  };
  assert.equal((await read(table)).length, Number(metadata.num_rows));
  const at = Number(metadata.row_groups[0]!.columns[0]!.meta_data!.data_page_offset);
  const damaged = Buffer.from(table);
  Buffer.from(`19${'f98090a10f'.repeat(3)}`, 'hex').copy(damaged, at);
  await assert.rejects(read(damaged), /thrift with 32000000 values/);
});

test('so are numbers of other types than they should be', async () => {
  // The fuzzer's: the length of a page is a fraction, and what went from page to page never came to the end.
  const text = readFileSync(
    fileURLToPath(new URL('../../../../test/sources/endless-table.txt', import.meta.url)),
    'utf8',
  );
  const bytes = Buffer.from(text, 'base64');
  const metadata = await parquetFooter(inMemory(bytes));
  const file = withCheckedPages(inMemory(bytes), metadata, await pageCompressors());
  const messages = await Promise.all(
    metadata.row_groups.flatMap(({ columns }) =>
      columns.map(async ({ meta_data: chunk }) => {
        const start = Number(chunk!.dictionary_page_offset || chunk!.data_page_offset);
        const read = Promise.resolve(file.slice(start, start + Number(chunk!.total_compressed_size)));
        return read.then(String, String);
      }),
    ),
  );
  assert.ok(
    messages.some((message) => /1\.76\S*e-207 bytes of a page, where 79 at the most/.test(message)),
    `${messages}`,
  );
  for (const value of ['3', [], [3], {}, null, undefined, -1, 1.5, Number.NaN, 4])
    assert.throws(() => checkCount(value, 3, 'things'), /things, where 3 at the most can be/);
  assert.equal(checkCount(3, 3, 'things'), 3);
});

test('so are more rows than a column has values', async () => {
  const metadata = await parquetFooter(inMemory(table));
  for (const group of metadata.row_groups) group.num_rows += 1n;
  const file = withCheckedPages(inMemory(table), metadata, {});
  await assert.rejects(
    parquetReadObjects({ file, metadata, columns: ['key'] }),
    /(\d+) values of a column for \d+ rows/,
  );
});
