import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BatchHeader__Output } from '../../protos/generated/tributary/v1/BatchHeader.js';
import type { ReceivedBatch } from '../client/receive.js';
import { TributaryError } from '../errors.js';

/** A header as its .json file has it: the contract's field names, and the CRC-32 of the tensor. */
export interface HeaderFile {
  readonly run: string;
  readonly fingerprint: string;
  readonly epoch: number;
  readonly step: number;
  readonly rank: number;
  readonly world_size: number;
  readonly data_type: BatchHeader__Output['dataType'];
  readonly layout: BatchHeader__Output['layout'];
  readonly crc32: number;
}

/** NumPy's names of the types; bfloat16, which NumPy lacks, comes as its 16 bits. */
const descriptions: Readonly<Record<string, string>> = {
  DATA_TYPE_UINT8: '|u1',
  DATA_TYPE_FLOAT32: '<f4',
  DATA_TYPE_FLOAT16: '<f2',
  DATA_TYPE_BFLOAT16: '<u2',
};

/** `EEEE-SSSSSSSS-rRofW`: what the files of a batch are called, before the dot. */
export function batchName({ epoch, step, rank, worldSize }: BatchHeader__Output): string {
  return `${String(epoch).padStart(4, '0')}-${String(step).padStart(8, '0')}-r${rank}of${worldSize}`;
}

/** Writes a batch: the tensor as it was streamed (.npy) and the header (.json). Returns their common path. */
export async function writeBatch(folder: string, { header, data, crc32 }: ReceivedBatch): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, batchName(header));
  await writeFile(`${path}.npy`, [npyHeader(header), data]);
  await writeFile(`${path}.json`, `${JSON.stringify({ ...(snakeCase(header) as object), crc32 }, null, 1)}\n`);
  return path;
}

/** Reads a header that `writeBatch` wrote. */
export async function readHeader(file: string): Promise<HeaderFile> {
  try {
    const header = JSON.parse(await readFile(file, 'utf8')) as HeaderFile;
    if (typeof header.fingerprint === 'string' && Number.isInteger(header.step) && Number.isInteger(header.crc32))
      return header;
    throw new Error('a file without fingerprint, step and crc32');
  } catch (error) {
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: `${file} to be a batch's header, as \`tributary fetch\` writes it`,
      came: (error as Error).message,
      remedy: 'Name the .json file of a fetched batch',
      metadata: { file },
      cause: error,
    });
  }
}

function npyHeader({ dataType, shape }: BatchHeader__Output): Buffer {
  const text = `{'descr': '${descriptions[dataType]}', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  // The values start at a multiple of 64 bytes, as NumPy has it.
  const padded = text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11, ' ');
  const head = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1');
  head.writeUInt16LE(padded.length + 1, 8);
  return Buffer.concat([head, Buffer.from(`${padded}\n`, 'latin1')]);
}

function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([name]) => !name.startsWith('_'));
  return Object.fromEntries(
    entries.map(([name, inner]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), snakeCase(inner)]),
  );
}
