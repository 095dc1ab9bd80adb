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

const inMemory = (bytes: Buffer) =>
  parquetFile({
    size: bytes.length,
    read: async (into, offset) => bytes.copy(into, 0, offset, offset + into.length),
    close: () => {},
  });

const table = readFileSync(fileURLToPath(new URL('../../../../test/sources/tables/none.parquet', import.meta.url)));

test('the header of a page that asks for more memory than a process has is refused', async () => {
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
