import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parquetMetadataAsync } from 'hyparquet';
import { valuePlaces } from '../../../src/sources/scan/parquet-pages.js';
import { parquetFile } from '../../../src/sources/storage/parquet-file.js';
import { storageOf } from '../../../src/sources/storage/storages.js';

const files = fileURLToPath(new URL('../../../../test/sources/parquet', import.meta.url));

/** The places of the images of a file's first row group. @param rows that it is said to have; as many as it has if not given. */
async function placesIn(form: string, rows?: number, codec?: 'LZO') {
  const url = join(files, `${form}.parquet`);
  const file = await storageOf(url).open(url);
  try {
    const { row_groups: groups } = await parquetMetadataAsync(parquetFile(file));
    const chunk = { ...groups[0]!.columns[0]!.meta_data!, ...(codec && { codec }) };
    assert.deepEqual(chunk.path_in_schema, ['image', 'bytes']);
    return await valuePlaces(file, { chunk, present: 2 }, rows ?? Number(groups[0]!.num_rows));
  } finally {
    file.close();
  }
}

test('places are those of values in their pages: as they lie there, from a block on, or in a whole stream', async () => {
  const plain = await placesIn('none');
  assert.deepEqual(
    plain.map((place) => place && [place.size, place.packing]),
    [...[4044, 1972, 264, 3808, 4044].map((size) => [size, undefined]), null, [0, undefined]],
  );
  const same = await placesIn('none-2');
  assert.deepEqual(same[4], same[0], 'the dictionary has it once');
  const [first, second, third] = await placesIn('snappy');
  assert.equal(first!.packing, 'literal', 'over the end of a block');
  assert.equal(first!.skipped, 65536 - 4 - 6, 'all of the block but the levels and its length');
  assert.ok(second!.offset >= first!.offset + first!.packedSize);
  assert.ok([second, third].every((place) => place!.packedSize <= place!.size + 65536));
  for (const place of (await placesIn('gzip')).slice(0, 5)) assert.equal(place!.packing, 'gzip');
});

test('a column of another number of values, or of another codec, is refused', async () => {
  await assert.rejects(placesIn('none', 5), /3 values of 5 rows, where 2 at the most can be/);
  await assert.rejects(placesIn('none', 8), /no page at byte/);
  await assert.rejects(placesIn('none', 7, 'LZO'), /compressed with LZO, where snappy, zstd, gzip or nothing/);
});
