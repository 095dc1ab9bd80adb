import { type FileHandle, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  type Data,
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
import { writeWhole } from '../storage/local/write-whole.js';
import { type MemberColumns, type RowBatch, rowsPerBatch } from './rows.js';
import { blankSeal, brokenSeal, Sealing } from './seal.js';
import {
  detailsSchema,
  fingerprintOf,
  type ManifestDetails,
  manifestOf,
  type StoredManifest,
} from './stored-manifest.js';

/** The key of the schema's metadata that holds the manifest's details as JSON. */
const metadataKey = 'tributary';
/** And the one that holds the digest of the whole file. */
const sealKey = 'tributary-digest';

const fileFields = [
  new Field('key', new Utf8(), false),
  new Field('size', new Uint32(), false),
  new Field('label', new Int32(), false),
];

const memberFields = [
  new Field('shard', new Uint32(), false),
  new Field('offset', new Uint64(), false),
  new Field('txt_offset', new Uint64(), false),
  new Field('txt_size', new Uint32(), false),
  new Field('json_offset', new Uint64(), false),
  new Field('json_size', new Uint32(), false),
];

/** Where the manifest of a source's split lies in the folder of manifests, which is local: a replica loads it whole at its start. */
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
 * Loads a manifest, of which no bit may have changed since it was written. Its columns stay as they lie in the file; the fingerprint is
 * computed anew and compared.
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

async function writeArrow(file: FileHandle, details: ManifestDetails, batches: readonly RowBatch[]): Promise<void> {
  const hasMembers = details.shards.length > 0;
  const fields = hasMembers ? [...fileFields, ...memberFields] : fileFields;
  const schema = new Schema(
    fields,
    new Map([
      [metadataKey, JSON.stringify(details)],
      [sealKey, blankSeal],
    ]),
  );
  const sealing = new Sealing();
  const writer = new RecordBatchFileWriter();
  writer.reset(undefined, schema);
  const written = (async () => {
    for await (const chunk of writer) {
      sealing.add(chunk);
      await file.writeFile(chunk);
    }
  })();
  for (const batch of batches) writer.write(recordBatch(schema, batch));
  writer.finish();
  await written;
  const { digest, places } = sealing.end();
  for (const place of places) await file.write(digest, 0, digest.length, place);
  await file.sync();
}

function recordBatch(schema: Schema, batch: RowBatch): RecordBatch {
  const { count: length, keys, keyOffsets, sizes, labels, members } = batch;
  const columns = [keys, sizes, labels, ...(members === null ? [] : memberColumns(members))];
  const children = schema.fields.map(({ type }, i) => {
    const column = {
      type,
      length,
      nullCount: 0,
      data: columns[i],
      valueOffsets: type instanceof Utf8 ? keyOffsets : null,
    };
    // The types of Arrow do not know that each column has its field's.
    return makeData(column as never) as Data;
  });
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length, nullCount: 0, children }) as Data<Struct>,
  );
}

/** In the order of `memberFields`. */
function memberColumns(members: MemberColumns) {
  const { shard, offset, txtOffset, txtSize, jsonOffset, jsonSize } = members;
  return [shard, offset, txtOffset, txtSize, jsonOffset, jsonSize];
}

async function readArrow(path: string): Promise<{ details: ManifestDetails; batches: RowBatch[] }> {
  const file = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'ENOENT' ? notIndexed(path) : invalid(path, cause.message, cause);
  });
  // What has changed is not even parsed: a length that is wrong can ask for any memory, and for any time.
  const broken = await brokenSeal(file);
  if (broken !== null) throw invalid(path, broken);
  try {
    const reader = await RecordBatchReader.from(file).open();
    const details = detailsSchema.parse(JSON.parse(reader.schema.metadata.get(metadataKey) ?? 'null'));
    const hasMembers = details.shards.length > 0;
    const names = reader.schema.fields.map((field) => field.name).join();
    const expected = (hasMembers ? [...fileFields, ...memberFields] : fileFields).map((field) => field.name).join();
    if (names !== expected) throw new Error(`the columns ${names}`);
    const batches: RowBatch[] = [];
    for await (const batch of reader) {
      if (batches.length > 0 && batches.at(-1)!.count !== rowsPerBatch) throw new Error('a short batch before the end');
      batches.push(rowBatch(batch, hasMembers));
    }
    return { details, batches };
  } catch (cause) {
    throw invalid(path, (cause as Error).message.replaceAll(/\s+/g, ' '), cause);
  }
}

function rowBatch(batch: RecordBatch, hasMembers: boolean): RowBatch {
  const [keys, sizes, labels, shard, offset, txtOffset, txtSize, jsonOffset, jsonSize] = batch.data.children.map(
    ({ values }) => values,
  );
  return {
    count: batch.numRows,
    keys,
    keyOffsets: batch.data.children[0]!.valueOffsets as Int32Array<ArrayBuffer>,
    sizes,
    labels,
    members: hasMembers ? { shard, offset, txtOffset, txtSize, jsonOffset, jsonSize } : null,
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
