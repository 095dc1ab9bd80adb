import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ReceivedBatch } from '../client/receive.js';
import { TributaryError } from '../errors.js';
import type { Address } from '../run/address.js';
import { isMapping } from '../run/fields.js';
import { jsonOf } from './options.js';
import { makeOutputFolder, writeOutput } from './output.js';

const place = z.int().min(0);

/** A header as its .json file has it, as far as a replay needs it. */
const headerFile = z.object({
  run: z.string(),
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
  // Older files are of a run's own split, and say nothing of it.
  split: z.string().optional(),
  evaluate: z.boolean().optional(),
  address: z.object({ epoch: place, step: place, rank: place, world_size: z.int().min(1) }),
  data_type: z.enum(['DATA_TYPE_UINT8', 'DATA_TYPE_FLOAT32', 'DATA_TYPE_FLOAT16', 'DATA_TYPE_BFLOAT16']),
  layout: z.enum(['LAYOUT_NHWC', 'LAYOUT_NCHW']),
  // Older files are of samples of one view.
  view_order: z
    .enum(['VIEW_ORDER_UNSPECIFIED', 'VIEW_ORDER_VIEW_MAJOR', 'VIEW_ORDER_SAMPLE_MAJOR'])
    .default('VIEW_ORDER_UNSPECIFIED'),
  samples: z.array(z.object({ source: z.string(), key: z.string(), seed: place })),
  crc32: place,
});

/** A header as its .json file has it: the contract's field names, and the CRC-32 of the tensor. */
export type HeaderFile = z.infer<typeof headerFile>;

/** NumPy's names of the types; bfloat16, which NumPy lacks, comes as its 16 bits. */
const descriptions: Readonly<Record<string, string>> = {
  DATA_TYPE_UINT8: '|u1',
  DATA_TYPE_FLOAT32: '<f4',
  DATA_TYPE_FLOAT16: '<f2',
  DATA_TYPE_BFLOAT16: '<u2',
};

/** `EEEE-SSSSSSSS-rRofW`: what the files of a batch are called, before the dot. */
export function batchName({ epoch, step, rank, worldSize }: Address): string {
  return `${String(epoch).padStart(4, '0')}-${String(step).padStart(8, '0')}-r${rank}of${worldSize}`;
}

/**
 * Writes a batch: the tensor as it was streamed (`.npy`; of several groups of views one each, `.NAME.npy`) and then the header
 * (`.json`), each whole or not at all. Returns the tensors' paths.
 */
export async function writeBatch(folder: string, { address, header, views, crc32 }: ReceivedBatch): Promise<string[]> {
  await makeOutputFolder(folder);
  const path = join(folder, batchName(address));
  const paths = Object.entries(views).map(([name, { shape, data }]) => {
    const file = header.views.length === 0 ? `${path}.npy` : `${path}.${name}.npy`;
    writeOutput(file, npyHeader(header.dataType, shape), data);
    return file;
  });
  writeOutput(`${path}.json`, `${JSON.stringify({ ...(snakeCase(header) as object), crc32 }, null, 1)}\n`);
  return paths;
}

/** Reads a header that `writeBatch` wrote. ARGUMENT_INVALID where the file is none. */
export async function readHeader(file: string): Promise<HeaderFile> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw noHeader(file, error.message, error);
  });
  const header = jsonOf(text, undefined);
  // Older files have the address in fields of their own alone.
  const { data, error } = headerFile.safeParse(isMapping(header) ? { address: header, ...header } : header);
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw noHeader(
    file,
    issue!.path.length === 0 ? 'a file of another kind' : `no valid ${issue!.path.join('.')}`,
    error,
  );
}

function noHeader(file: string, came: string, cause: unknown): TributaryError {
  return new TributaryError('ARGUMENT_INVALID', {
    expected: `${file} to be a batch's header, as \`tributary fetch\` writes it`,
    came,
    remedy: 'Name the .json file of a fetched batch',
    metadata: { file },
    cause,
  });
}

function npyHeader(dataType: string, shape: readonly number[]): Buffer {
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
