import { webcrypto } from 'node:crypto';
import { type RecordBatch, RecordBatchReader } from 'apache-arrow';
import type { Place } from '../layouts/layout.js';
import { fieldsOf, metadataKey } from './page-writer.js';
import { pagesOf } from './pages.js';
import type { RowBatch } from './rows.js';
import { detailsSchema, fingerprintOf, manifestOf, type StoredManifest } from './stored-manifest.js';

/** Rows of every record batch but the last of a manifest of the form before pages. */
const rowsPerWholeBatch = 1 << 16;

/**
 * Reads a manifest of the form that had no pages, which `index` wrote before: whole, once the digest of all of it is compared.
 *
 * @throws Error where it is none.
 */
export async function readWholeFile(file: Buffer, place: Place | undefined): Promise<StoredManifest> {
  // What has changed is not even parsed: a length that is wrong can ask for any memory, and for any time.
  await checkSeal(file);
  const reader = await RecordBatchReader.from(file).open();
  const details = detailsSchema.parse(JSON.parse(reader.schema.metadata.get(metadataKey) ?? 'null'));
  const hasMembers = details.shards.length > 0;
  const names = reader.schema.fields.map((field) => field.name).join();
  const expected = fieldsOf(hasMembers ? 'members' : 'files')
    .map((field) => field.name)
    .join();
  if (names !== expected) throw new Error(`the columns ${names}`);
  const batches: RowBatch[] = [];
  for await (const batch of reader) {
    if (batches.length > 0 && batches.at(-1)!.count !== rowsPerWholeBatch)
      throw new Error('a short batch before the end');
    batches.push(rowBatch(batch, hasMembers));
  }
  const counted = batches.reduce((sum, batch) => sum + batch.count, 0);
  if (counted !== details.count) throw new Error(`${counted} rows where ${details.count} are named`);
  const pages = pagesOf(batches, rowsPerWholeBatch);
  const fingerprint = fingerprintOf(batches);
  if (fingerprint !== details.fingerprint) throw new Error(`rows with the fingerprint ${fingerprint}`);
  return manifestOf(details, pages, place ?? { root: details.root, folder: details.folder });
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

/** A file's digest lies in it, in hex after this, wherever the format repeats it. While the digest is taken there are zeros. */
const mark = Buffer.from('tributary-sha256:');
const digits = 64;
const zeros = Buffer.alloc(digits, '0');

async function checkSeal(bytes: Buffer): Promise<void> {
  const seals: string[] = [];
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) {
    const place = at + mark.length;
    seals.push(bytes.toString('latin1', place, place + digits));
    bytes.set(zeros.subarray(0, Math.max(0, bytes.length - place)), place);
  }
  if (seals.length === 0) throw new Error('a file without a digest');
  const digest = Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex');
  if (seals.some((seal) => seal !== digest)) throw new Error(`other bytes than its digest ${seals[0]} is of`);
}
