import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type FileMetaData, parquetReadObjects } from 'hyparquet';
import { checkCount, chunksOf, mostRows } from '../../../src/sources/storage/parquet-checks.js';
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

const zigzag = (value: number): number[] => {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  const bytes: number[] = [];
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest & 127) | 128);
  return [...bytes, rest];
};

/** A struct of Thrift's compact protocol whose first fields are these: 32-bit numbers, truth values and structs. */
const struct = (...fields: (number | boolean | number[] | null)[]): number[] => {
  let last = -1;
  const bytes = fields.flatMap((field, i) => {
    if (field === null) return [];
    const head = (i - last) << 4;
    last = i;
    if (typeof field === 'number') return [head | 5, ...zigzag(field)];
    return typeof field === 'boolean' ? [head | (field ? 1 : 2)] : [head | 12, ...field];
  });
  return [...bytes, 0];
};

/** Looks over one page of three values of a column that may be null, of texts in a dictionary. */
function checkPage(page: number[]): void {
  const schema = [
    { name: 'root', num_children: 1 },
    { name: 'text', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
  ];
  const chunk = { type: 'BYTE_ARRAY', codec: 'UNCOMPRESSED', path_in_schema: ['text'], data_page_offset: 0n };
  const columns = [{ meta_data: { ...chunk, total_compressed_size: BigInt(page.length) } }];
  const metadata = { schema, row_groups: [{ columns, num_rows: 3n }] } as unknown as FileMetaData;
  chunksOf(metadata, {})[0]!.check(Uint8Array.from(page));
}

const [dictionaryRuns, runs] = [8, 3];
const first = (count: number, ...body: number[]): number[] => [
  ...struct(0, body.length, body.length, null, struct(count, dictionaryRuns, runs, runs)),
  ...body,
];
const second = (nulls: number, levels: number, ...body: number[]): number[] => [
  ...struct(3, body.length, body.length, null, null, null, null, struct(3, nulls, 3, dictionaryRuns, levels, 0, false)),
  ...body,
];

test('levels, nulls and numbers of a dictionary are no more than the values of their page, in both kinds of pages', () => {
  // Three levels of 1, then three numbers of one bit.
  const [levels, numbers] = [
    [6, 1],
    [1, 6, 0],
  ];
  checkPage(first(3, 2, 0, 0, 0, ...levels, ...numbers));
  checkPage(second(0, 2, ...levels, ...numbers));
  const huge = [254, 255, 255, 255, 15, 1];
  const long = 'a run of 2147483647 numbers where 3 were to come';
  const wrong: [string, number[]][] = [
    [long, first(3, 6, 0, 0, 0, ...huge, ...numbers)],
    [long, first(3, 2, 0, 0, 0, ...levels, 1, ...huge)],
    [long, second(0, 6, ...huge, ...numbers)],
    [long, second(0, 2, ...levels, 1, ...huge)],
    ['2 levels for 3 values', first(3, 2, 0, 0, 0, 4, 1, ...numbers)],
    ['9 bytes of levels in a page of 9', first(3, 9, 0, 0, 0, ...levels, ...numbers)],
    ['-2 nulls in a page', second(-2, 2, ...levels, ...numbers)],
    ['4 nulls in a page', second(4, 2, ...levels, ...numbers)],
    ['6 bytes of levels, where 5', second(0, 6, ...levels, ...numbers)],
    ['4194305 values of a column', first(mostRows + 1, 2, 0, 0, 0, ...levels, ...numbers)],
  ];
  for (const [message, page] of wrong) assert.throws(() => checkPage(page), new RegExp(message));
});
