import type { FileHandle } from 'node:fs/promises';
import {
  type Data,
  Field,
  Int32,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  Schema,
  Struct,
  Uint32,
  Uint64,
  Utf8,
} from 'apache-arrow';
import type { SampleKind } from '../layouts/layout.js';
import { encodeEntry, encodeTail, pageCrc } from './page-format.js';
import { type RowBatch, rowsPerBatch, shardColumns } from './rows.js';
import type { ManifestDetails } from './stored-manifest.js';

/** The key of the schema's metadata that has the manifest's details as JSON. */
export const metadataKey = 'tributary';

const fileFields: Field[] = [
  new Field('key', new Utf8(), false),
  new Field('size', new Uint32(), false),
  new Field('label', new Int32(), false),
];

/** The fields of a kind of samples, in the order of the file. */
export function fieldsOf(kind: SampleKind): Field[] {
  if (kind === 'files') return fileFields;
  const snake = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const places = Object.entries(shardColumns[kind]).map(
    ([name, bytes]) => new Field(snake(name), bytes === 4 ? new Uint32() : new Uint64(), false),
  );
  return [...fileFields, ...places];
}

/** Writes a manifest page by page; what it holds of a page that is written are the 16 bytes of its entry, and Arrow's. */
export class PageWriter {
  readonly #file: FileHandle;
  readonly #schema: Schema;
  readonly #arrow = new CollectingWriter();

  constructor(file: FileHandle, kind: SampleKind) {
    this.#file = file;
    this.#schema = new Schema(fieldsOf(kind));
    this.#arrow.reset(undefined, this.#schema);
  }

  /** Writes the next page: `rowsPerBatch` rows but for the last. */
  async add(batch: RowBatch): Promise<void> {
    this.#arrow.write(recordBatch(this.#schema, batch));
    if (this.#arrow.waiting > flushBytes) await this.#flush();
  }

  async end(details: ManifestDetails): Promise<void> {
    this.#arrow.end(this.#schema, JSON.stringify(details));
    await this.#flush();
    await this.#file.sync();
  }

  async #flush(): Promise<void> {
    const bytes = this.#arrow.take();
    for (let done = 0; done < bytes.length; ) done += (await this.#file.write(bytes, done)).bytesWritten;
  }
}

const flushBytes = 1 << 22;

/** Arrow's writer, whose pieces are collected, and which puts the table of pages before its footer. */
class CollectingWriter extends RecordBatchFileWriter {
  readonly #entries: Buffer[] = [];
  #pieces: Uint8Array[] = [];
  #end: Schema | null = null;
  waiting = 0;

  take(): Buffer {
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.waiting = 0;
    return bytes;
  }

  /** Ends the file. Other programs find the details in the schema, where Arrow has such things. */
  end(schema: Schema, details: string): void {
    const table = this._position;
    // Arrow's footer begins at a multiple of eight, as all that it has.
    const json = Buffer.from(details + ' '.repeat(7 - ((Buffer.byteLength(details) + 7) % 8)));
    this._write(Buffer.concat(this.#entries));
    this._write(json);
    this._write(encodeTail({ rowsPerPage: rowsPerBatch, table }, json));
    this.#end = new Schema(schema.fields, new Map([[metadataKey, details]]));
    this.finish();
  }

  protected override _write(chunk: Parameters<RecordBatchFileWriter['_write']>[0]): this {
    const { buffer, byteOffset, byteLength } = chunk as ArrayBufferView;
    if (byteLength > 0) this.#pieces.push(new Uint8Array(buffer, byteOffset, byteLength));
    this._position += byteLength;
    this.waiting += byteLength;
    return this;
  }

  protected override _writeRecordBatch(batch: RecordBatch): this {
    const offset = this._position;
    const first = this.#pieces.length;
    super._writeRecordBatch(batch);
    const bytes = Buffer.concat(this.#pieces.splice(first));
    this.#pieces.push(bytes);
    const crc = pageCrc(this.#entries.length, bytes);
    this.#entries.push(encodeEntry({ offset, length: bytes.length, crc }));
    return this;
  }

  protected override _writeFooter(schema: Schema): this {
    return super._writeFooter(this.#end ?? schema);
  }
}

function recordBatch(schema: Schema, batch: RowBatch): RecordBatch {
  const { count: length, keys, keyOffsets, sizes, labels, members } = batch;
  const columns = [keys, sizes, labels, ...Object.values(members ?? {})];
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
