import { type FileMetaData, parquetReadObjects, parquetSchema, type SchemaTree } from 'hyparquet';
import { pageCompressors, parquetFile, parquetFooter, withCheckedPages } from '../storage/parquet-file.js';
import { StorageFault, type StoredFile } from '../storage/storage.js';
import { storageOf } from '../storage/storages.js';
import { hold, joinNames } from './folder.js';
import { LeftOutTally } from './left-out.js';
import { type ValuePlace, valuePlaces } from './parquet-pages.js';
import { packings, rowDigits, type ShardListing, type ShardTask } from './shard.js';
import type { Damage } from './tar.js';

/**
 * Indexes one Parquet file: every row is a sample, named by its number, and its image the bytes of the image column. Of images no more is
 * in memory than a window, or a page that is packed with gzip or Zstandard.
 *
 * @throws StorageFault where the file cannot be read.
 */
export async function scanParquet({ url }: ShardTask): Promise<ShardListing> {
  const storage = storageOf(url);
  const version = (await storage.stat(url, hold))?.version ?? '0';
  const file = await storage.open(url, { ...hold, version: version === '0' ? undefined : version });
  const { places, labels, classNames, damage } = await indexParquet(file).finally(file.close);
  const count = places.length;
  const names = places.map((_, row) => `${row}`.padStart(rowDigits, '0'));
  const leftOut = new LeftOutTally();
  const shard = url.slice(url.lastIndexOf('/') + 1);
  for (const [row, place] of places.entries()) if (!place?.size) leftOut.add('empty', `${shard}/${names[row]}`);
  const words = (of: (place: ValuePlace) => number) => Uint32Array.from(places, (place) => (place ? of(place) : 0));
  return {
    bytes: file.size,
    version,
    names: joinNames(names),
    count,
    sizes: words(({ size }) => size),
    members: {
      offset: BigUint64Array.from(places, (place) => BigInt(place?.offset ?? 0)),
      packing: words(({ packing }) => packings.indexOf(packing)),
      packedSize: words(({ packedSize }) => packedSize),
      skipped: words(({ skipped }) => skipped),
    },
    labels: Int32Array.from(places, (_, row) => labels[row] ?? -1),
    classNames,
    damage,
    leftOut: leftOut.list(),
    successes: null,
  };
}

/** The rows of a Parquet file in their order, up to the first damage. */
export interface ParquetIndex {
  /** Where their images lie; null for a row without one. */
  readonly places: readonly (ValuePlace | null)[];
  /** Of each row its class among `classNames`; none where the file tells of no classes. */
  readonly labels: readonly number[];
  readonly classNames: readonly string[];
  readonly damage: Damage | null;
}

/** Reads where the images of a Parquet file's rows lie, group by group. What cannot be read ends the list and is told. @throws StorageFault */
export async function indexParquet(file: StoredFile): Promise<ParquetIndex> {
  const found: Found = { places: [], labels: [], classNames: [] };
  const damage = await readRows(file, found);
  return { ...found, damage };
}

interface Found {
  readonly places: (ValuePlace | null)[];
  readonly labels: number[];
  classNames: readonly string[];
}

/** Reads the rows, group by group, up to the first damage. */
async function readRows(file: StoredFile, found: Found): Promise<Damage | null> {
  let offset = 0;
  try {
    const metadata = await parquetFooter(parquetFile(file));
    const compressors = await pageCompressors();
    const buffer = withCheckedPages(parquetFile(file), metadata, compressors);
    const { image, classes } = columnsOf(metadata);
    found.classNames = classes?.names ?? [];
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      const rows = Number(group.num_rows);
      const chunk = group.columns.find(
        ({ meta_data }) => meta_data?.path_in_schema.join() === image.path.join(),
      )?.meta_data;
      if (chunk === undefined) throw new Error(`a row group without the column ${image.path.join('.')}`);
      offset = Number(chunk.data_page_offset);
      if (rowStart + rows > 10 ** rowDigits) throw new Error(`more than ${10 ** rowDigits} rows`);
      const places = await valuePlaces(file, { chunk, present: image.present }, rows);
      if (classes !== null) {
        const columns = [classes.column];
        const range = { rowStart, rowEnd: rowStart + rows };
        for (const row of await parquetReadObjects({ file: buffer, metadata, compressors, columns, ...range }))
          found.labels.push(Number(row[classes.column] ?? -1));
      }
      for (const place of places) found.places.push(place);
      rowStart += rows;
    }
    return null;
  } catch (error) {
    if (error instanceof StorageFault) throw error;
    return { offset, what: (error as Error).message };
  }
}

interface Columns {
  readonly image: { readonly path: readonly string[]; readonly present: number };
  readonly classes: { readonly column: string; readonly names: readonly string[] } | null;
}

/** A feature as the `datasets` library writes it (datasets/features/features.py, `Features.to_dict`). */
interface Feature {
  readonly _type?: string;
  readonly names?: unknown;
}

/**
 * The column of images and that of classes: those that the `datasets` library calls so, the first of several; else the first column that
 * is a struct with `bytes`, or bytes itself.
 *
 * @throws Error where there is no column of images.
 */
function columnsOf(metadata: FileMetaData): Columns {
  const { children } = parquetSchema(metadata);
  const features = featuresOf(metadata);
  const typeOf = ({ element }: SchemaTree) => features[element.name]?._type;
  const isBytes = ({ element }: SchemaTree) => element.type === 'BYTE_ARRAY' && element.converted_type !== 'UTF8';
  const inside = (column: SchemaTree) =>
    column.children.find((child) => child.element.name === 'bytes' && isBytes(child));
  const images = children.filter((column) => inside(column) !== undefined || isBytes(column));
  const image = images.find((column) => typeOf(column) === 'Image') ?? images[0];
  if (image === undefined)
    throw new Error(`no column of images among ${children.map(({ element }) => element.name).join(', ')}`);
  const leaf = inside(image) ?? image;
  const column = children.find((candidate) => typeOf(candidate) === 'ClassLabel')?.element.name;
  const names = column === undefined ? undefined : features[column]!.names;
  return {
    image: {
      path: leaf.path,
      present: (leaf === image ? [image] : [image, leaf]).filter(
        ({ element }) => element.repetition_type === 'OPTIONAL',
      ).length,
    },
    classes: column !== undefined && Array.isArray(names) ? { column, names: names.map(String) } : null,
  };
}

function featuresOf({ key_value_metadata: pairs = [] }: FileMetaData): Readonly<Record<string, Feature>> {
  try {
    const text = pairs.find(({ key }) => key === 'huggingface')?.value;
    return JSON.parse(text ?? '{}').info?.features ?? {};
  } catch {
    return {};
  }
}
