import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parquetFile, parquetFooter } from '../../../src/sources/storage/parquet-file.js';

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
