import { join, resolve } from 'node:path';
import {
  type Data,
  type DataType,
  Field,
  Int32,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  RecordBatchReader,
  Schema,
  Struct,
  Uint32,
  Uint64,
  Utf8,
} from 'apache-arrow';
import { TributaryError } from '../../errors.js';
import type { Place, Split } from '../layouts/layout.js';
import { openFile, type WritableFile, writeWhole } from './index-folder.js';
import { type MemberColumns, type RowBatch, rowsPerBatch } from './rows.js';
import {
  detailsSchema,
  fingerprintOf,
  type ManifestDetails,
  manifestOf,
  type StoredManifest,
} from './stored-manifest.js';

/** The key of the schema's metadata that holds the manifest's details as JSON. */
const metadataKey = 'tributary';

const fileColumns = [
  new Field('key', new Utf8(), false),
  new Field('size', new Uint32(), false),
  new Field('label', new Int32(), false),
];

const memberColumns = [
  new Field('shard', new Uint32(), false),
  new Field('offset', new Uint64(), false),
  new Field('txt_offset', new Uint64(), false),
  new Field('txt_size', new Uint32(), false),
  new Field('json_offset', new Uint64(), false),
  new Field('json_size', new Uint32(), false),
];

/** Where the manifest of a source's split lies in the folder of manifests. */
export function manifestPath(indexFolder: string, source: string, split: Split): string {
  return join(indexFolder, `${encodeURIComponent(source)}.${split}.arrow`);
}

/**
 * Writes a manifest as an Arrow IPC file, uncompressed. Nobody ever sees half a file: it is written under another name,
 * flushed, and renamed.
 *
 * @throws TributaryError ARGUMENT_INVALID where the file cannot be written.
 */
export async function writeManifest(
  path: string,
  details: ManifestDetails,
  batches: readonly RowBatch[],
): Promise<void> {
  try {
    await writeWhole(path, (file) => writeArrow(file, details, batches));
  } catch (cause) {
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: 'a folder for manifests that can be written to',
      came: `${(cause as Error).message}`,
      remedy: 'Give this process the right to write there, make room, or name another folder',
      metadata: { path },
      cause,
    });
  }
}

/**
 * Loads a manifest. Its columns stay as they lie in the file; the fingerprint is computed anew and compared.
 *
 * @param place where the source is now; without it, where it was when it was indexed.
 * @throws TributaryError NOT_INDEXED where there is no such file, MANIFEST_INVALID where it is not a whole manifest.
 */
export async function loadManifest(path: string, place?: Place): Promise<StoredManifest> {
  const { details, batches } = await readArrow(path);
  const counted = batches.reduce((sum, batch) => sum + batch.count, 0);
  if (counted !== details.count) throw invalid(path, `${counted} rows where ${details.count} are named`);
  const fingerprint = fingerprintOf(batches);
  if (fingerprint !== details.fingerprint) throw invalid(path, `rows with the fingerprint ${fingerprint}`);
  return manifestOf(details, batches, place ?? { root: details.root, folder: details.folder });
}

async function writeArrow(file: WritableFile, details: ManifestDetails, batches: readonly RowBatch[]): Promise<void> {
  const hasMembers = details.shards.length > 0;
  const fields = hasMembers ? [...fileColumns, ...memberColumns] : fileColumns;
  const schema = new Schema(fields, new Map([[metadataKey, JSON.stringify(details)]]));
  const writer = new RecordBatchFileWriter();
  writer.reset(undefined, schema);
  const written = (async () => {
    for await (const chunk of writer) await file.writeFile(chunk);
  })();
  for (const batch of batches) writer.write(recordBatch(schema, batch));
  writer.finish();
  await written;
}

function recordBatch(schema: Schema, batch: RowBatch): RecordBatch {
  const { count: length, keys, keyOffsets, sizes, labels, members } = batch;
  const uint32 = (data: Uint32Array) => makeData({ type: new Uint32(), length, nullCount: 0, data });
  const uint64 = (data: Uint32Array) =>
    makeData({
      type: new Uint64(),
      length,
      nullCount: 0,
      data: new BigUint64Array(data.buffer, data.byteOffset, length),
    });
  const children: Data<DataType>[] = [
    makeData({ type: new Utf8(), length, nullCount: 0, data: keys, valueOffsets: keyOffsets }),
    uint32(sizes),
    makeData({ type: new Int32(), length, nullCount: 0, data: labels }),
  ];
  if (members !== null)
    children.push(
      uint32(members.shard),
      uint64(members.offset),
      uint64(members.txtOffset),
      uint32(members.txtSize),
      uint64(members.jsonOffset),
      uint32(members.jsonSize),
    );
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length, nullCount: 0, children }) as Data<Struct>,
  );
}

async function readArrow(path: string): Promise<{ details: ManifestDetails; batches: RowBatch[] }> {
  const file = await openFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'ENOENT' ? notIndexed(path) : invalid(path, cause.message, cause);
  });
  try {
    const reader = await (await RecordBatchReader.from(file)).open();
    const details = detailsSchema.parse(JSON.parse(reader.schema.metadata.get(metadataKey) ?? 'null'));
    const hasMembers = details.shards.length > 0;
    const names = reader.schema.fields.map((field) => field.name).join();
    const expected = (hasMembers ? [...fileColumns, ...memberColumns] : fileColumns).map((field) => field.name).join();
    if (names !== expected) throw new Error(`the columns ${names}`);
    const batches: RowBatch[] = [];
    for await (const batch of reader) {
      if (batches.length > 0 && batches.at(-1)!.count !== rowsPerBatch) throw new Error('a short batch before the end');
      batches.push(rowBatch(batch, hasMembers));
    }
    return { details, batches };
  } catch (cause) {
    throw invalid(path, (cause as Error).message.replaceAll(/\s+/g, ' '), cause);
  } finally {
    await file.close().catch(() => {});
  }
}

function rowBatch(batch: RecordBatch, hasMembers: boolean): RowBatch {
  const [key, size, label, ...rest] = batch.data.children;
  const values = <T>(column: Data<DataType>): T => column.values as T;
  const words = (column: Data<DataType>): Uint32Array<ArrayBuffer> => {
    const { buffer, byteOffset } = values<BigUint64Array<ArrayBuffer>>(column);
    return new Uint32Array(buffer, byteOffset, 2 * column.length);
  };
  const [shard, offset, txtOffset, txtSize, jsonOffset, jsonSize] = rest;
  const members: MemberColumns | null = hasMembers
    ? {
        shard: values(shard!),
        offset: words(offset!),
        txtOffset: words(txtOffset!),
        txtSize: values(txtSize!),
        jsonOffset: words(jsonOffset!),
        jsonSize: values(jsonSize!),
      }
    : null;
  return {
    count: batch.numRows,
    keys: values(key!),
    keyOffsets: key!.valueOffsets as Int32Array<ArrayBuffer>,
    sizes: values(size!),
    labels: values(label!),
    members,
  };
}

function notIndexed(path: string): TributaryError {
  return new TributaryError('NOT_INDEXED', {
    expected: `a manifest at ${resolve(path)}`,
    came: 'no file',
    remedy: 'Run `npx tributary index` with the same config',
    metadata: { path },
  });
}

function invalid(path: string, came: string, cause?: unknown): TributaryError {
  return new TributaryError('MANIFEST_INVALID', {
    expected: `a whole manifest at ${path}`,
    came,
    remedy: 'Delete the file and run `npx tributary index` again',
    metadata: { path },
    cause,
  });
}
