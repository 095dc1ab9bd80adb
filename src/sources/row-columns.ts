import { type AsyncBuffer, type FileMetaData, parquetReadObjects, parquetSchema } from 'hyparquet';
import { LRUCache } from 'lru-cache';
import { TributaryError } from '../errors.js';
import { whenHere } from './manifest/away.js';
import type { StoredManifest } from './manifest/stored-manifest.js';
import { rowDigits } from './scan/shard.js';
import { pageCompressors, parquetFooter, withCheckedPages } from './storage/parquet-file.js';
import { readSample } from './storage/read-sample.js';
import type { Location } from './storage/storage.js';
import { jsonOf } from './table-rows.js';

/** Texts of row groups that are kept, in bytes, and footers of files, in number, of one source. */
const keptBytes = 32 << 20;
const keptFooters = 32;

/**
 * What rows of Parquet shards have in these columns, read by row groups when it is asked for; those that were read last are kept.
 *
 * @throws TributaryError CONFIG_INVALID for a column that the first shard does not have or that holds images, and as `readSample`.
 */
export async function columnsOfRows(
  columns: readonly string[],
  manifest: StoredManifest,
): Promise<NonNullable<StoredManifest['columns']>> {
  const compressors = await pageCompressors();
  const sizes = new Map(manifest.details.shards.map(([name, bytes]) => [name, bytes]));
  const footers = new LRUCache<string, FileMetaData, AsyncBuffer>({
    max: keptFooters,
    fetchMethod: (_shard, _stale, { context: file }) => parquetFooter(file),
  });
  interface Asked {
    readonly file: AsyncBuffer;
    readonly metadata: FileMetaData;
    readonly rowStart: number;
    readonly rowEnd: number;
  }
  const groups = new LRUCache<string, readonly string[], Asked>({
    maxSize: keptBytes,
    sizeCalculation: (texts) => texts.reduce((sum, text) => sum + 2 * text.length + 50, 1),
    fetchMethod: async (_group, _stale, { context }) => {
      const file = withCheckedPages(context.file, context.metadata, compressors);
      const rows = await parquetReadObjects({ ...context, file, compressors, columns: [...columns] });
      return rows.map(jsonOf);
    },
  });
  const open = async (index: number) => {
    const [key, location] = await whenHere(() => [manifest.key(index), manifest.location(index)] as const);
    const shard = key.slice(0, -rowDigits - 1);
    const file = shardFile(location, sizes.get(shard)!);
    const metadata = (await footers.fetch(shard, { context: file }))!;
    return { shard, row: Number(key.slice(-rowDigits)), file, metadata };
  };
  refuseUnknown(manifest, columns, (await open(0)).metadata);
  return async (index) => {
    const { shard, row, file, metadata } = await open(index);
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      if (row < rowEnd) {
        const context = { file, metadata, rowStart, rowEnd };
        return (await groups.fetch(`${rowStart} ${shard}`, { context }))![row - rowStart]!;
      }
      rowStart = rowEnd;
    }
    return '';
  };
}

/** A shard as hyparquet reads one, with the retries of samples. */
function shardFile({ path, root, outside, version }: Location, byteLength: number): AsyncBuffer {
  const whole = { path, root, ...(outside && { outside }), ...(version && { version }) };
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const bytes = await readSample({ ...whole, offset: start, length: end - start });
      return new Uint8Array(bytes).buffer;
    },
  };
}

function refuseUnknown({ source }: StoredManifest, columns: readonly string[], metadata: FileMetaData): void {
  const known = parquetSchema(metadata).children.filter(({ element, children }) =>
    [element, ...children.map((child) => child.element)].every(
      ({ type, converted_type: kind }) => type !== 'BYTE_ARRAY' || kind === 'UTF8',
    ),
  );
  const names = known.map(({ element }) => element.name);
  const others = columns.filter((column) => !names.includes(column));
  if (others.length === 0) return;
  throw new TributaryError('CONFIG_INVALID', {
    expected: `columns beside the images of source ${source}: ${names.join(', ')}`,
    came: others.join(', '),
    remedy: 'Name columns that the files have',
    metadata: { source },
  });
}
