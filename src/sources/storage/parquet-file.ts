import { type AsyncBuffer, type Compressors, type FileMetaData, parquetMetadata } from 'hyparquet';
import { unpackZstandard } from '../../packing/zstandard.js';
import { checkCount, chunksOf, mostRows } from './parquet-checks.js';
import { fill, type StoredFile } from './storage.js';
import { checkThrift } from './thrift.js';

/** A stored file as hyparquet reads one. Its `slice` rejects as the file does. */
export function parquetFile(file: StoredFile): AsyncBuffer {
  return {
    byteLength: file.size,
    async slice(start, end = file.size) {
      const bytes = new Uint8Array(end - start);
      const count = await fill(file, bytes, start);
      if (count < bytes.length) throw new Error(`the end of the file after ${start + count} bytes`);
      return bytes.buffer;
    },
  };
}

/** What unpacks pages for hyparquet. Zstandard is this project's: in fzstd damaged pages have no end. */
export async function pageCompressors(): Promise<Compressors> {
  const { compressors } = await import('hyparquet-compressors');
  return { ...compressors, ZSTD: unpackZstandard };
}

/** The footer's length and the mark behind it, at the end of every file. */
const endBytes = 8;
/** So much of the end is read at once; few footers are longer. */
const readAtOnce = 1 << 19;

/** What the footer of a Parquet file says. @throws Error where it has none, what `file` rejects with. */
export async function parquetFooter(file: AsyncBuffer): Promise<FileMetaData> {
  const { byteLength } = file;
  let end = Buffer.from(await file.slice(Math.max(0, byteLength - readAtOnce), byteLength));
  if (end.length < endBytes || end.toString('latin1', end.length - 4) !== 'PAR1') throw new Error('no Parquet file');
  const footerBytes = end.readUInt32LE(end.length - endBytes) + endBytes;
  if (footerBytes > byteLength) throw new Error(`a footer of ${footerBytes} bytes in a file of ${byteLength}`);
  if (footerBytes > end.length) end = Buffer.from(await file.slice(byteLength - footerBytes, byteLength));
  checkThrift(end.subarray(0, end.length - endBytes), end.length - footerBytes);
  // Who goes through the schema believes each part of it how many parts it has.
  const { schema } = parquetMetadata(end, { geoparquet: false });
  const counts = schema.map(({ num_children: count = 0 }) => count);
  const parts = counts.reduce((sum, count) => sum + count, 1);
  if (parts !== schema.length || counts.some((count) => count < 0))
    throw new Error(`a schema of ${schema.length} parts that tells of ${parts}`);
  const metadata = parquetMetadata(end);
  for (const { num_rows: rows, columns } of metadata.row_groups) {
    checkCount(Number(rows), mostRows, 'rows of a row group (write smaller ones)');
    for (const { meta_data: chunk } of columns)
      for (const at of [chunk?.dictionary_page_offset, chunk?.data_page_offset, chunk?.total_compressed_size])
        checkCount(Number(at ?? 0), byteLength, 'bytes of the file');
  }
  return metadata;
}

/** The file to hyparquet that reads its columns: what their pages say is looked over before it comes to them. */
export function withCheckedPages(file: AsyncBuffer, metadata: FileMetaData, compressors: Compressors): AsyncBuffer {
  const chunks = chunksOf(metadata, compressors);
  return {
    byteLength: file.byteLength,
    async slice(from, to = file.byteLength) {
      const bytes = await file.slice(from, to);
      for (const { start, end, check } of chunks)
        if (start >= from && end <= to) check(new Uint8Array(bytes, start - from, end - start));
      return bytes;
    },
  };
}
