import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BatchHeader } from '../../protos/generated/tributary/v1/BatchHeader.js';
import { batchName, readHeader, writeBatch } from '../../src/cli/batch-files.js';
import { contract } from '../../src/contract/contract.js';
import { temporaryFolder } from '../fleet.js';

const { BatchHeader: message } = contract.tributary.v1;
const headerOf = (header: BatchHeader) => message.deserialize(message.serialize(header));
const address = { epoch: 3, step: 12, rank: 1, worldSize: 4 };
const own = {
  run: 'r',
  fingerprint: 'ab'.repeat(32),
  address,
  samples: [{ source: 'a', key: 'x.jpg', seed: 5 }],
} satisfies BatchHeader;

test('NumPy reads the tensor of every type, and the header is read again', async (t) => {
  const folder = await temporaryFolder(t);
  const data = Buffer.from(Array.from({ length: 24 }, (_, i) => i));
  for (const [dataType, name, bytes] of [
    ['DATA_TYPE_UINT8', 'uint8', 1],
    ['DATA_TYPE_FLOAT32', 'float32', 4],
    ['DATA_TYPE_FLOAT16', 'float16', 2],
    ['DATA_TYPE_BFLOAT16', 'uint16', 2],
  ] as const) {
    const header = headerOf({ ...own, dataType, layout: 'LAYOUT_NHWC', shape: [1, 2, 24 / bytes / 2] });
    const views = { image: { shape: header.shape, data } };
    const paths = await writeBatch(folder, { address, header, data, views, crc32: 77, peer: '', seed: 0 });
    const path = join(folder, '0003-00000012-r1of4');
    assert.deepEqual(paths, [`${path}.npy`]);
    const program = `import numpy, sys; a = numpy.load(sys.argv[1]); print(a.dtype, *a.shape, a.tobytes().hex())`;
    const said = execFileSync('/usr/bin/python3', ['-c', program, `${path}.npy`], { encoding: 'utf8' });
    assert.equal(said, `${name} 1 2 ${24 / bytes / 2} ${data.toString('hex')}\n`);
    const read = await readHeader(`${path}.json`);
    assert.deepEqual(read.address, { epoch: 3, step: 12, rank: 1, world_size: 4 });
    assert.deepEqual([read.samples, read.crc32, read.data_type], [own.samples, 77, dataType]);
  }
  assert.equal((await readdir(folder)).length, 2);
  assert.equal(batchName({ epoch: 12345, step: 0, rank: 0, worldSize: 1 }), '12345-00000000-r0of1');
});

test('a header whose address is in fields of their own, as older versions wrote it, is read', async (t) => {
  const file = join(await temporaryFolder(t), 'header.json');
  const { address: _, ...rest } = own;
  const older = { ...rest, epoch: 3, step: 12, rank: 1, world_size: 4, crc32: 77 };
  await writeFile(file, JSON.stringify({ ...older, data_type: 'DATA_TYPE_UINT8', layout: 'LAYOUT_NHWC' }));
  assert.deepEqual((await readHeader(file)).address, { epoch: 3, step: 12, rank: 1, world_size: 4 });
});

test('a file that is no header is refused by what it lacks', async (t) => {
  const file = join(await temporaryFolder(t), 'header.json');
  const refusal = (message: RegExp) => ({ reason: 'ARGUMENT_INVALID', message });
  await assert.rejects(readHeader(file), refusal(/ENOENT/));
  for (const [text, message] of [
    ['no JSON', /a file of another kind/],
    ['[]', /a file of another kind/],
    ['{"run": "r"}', /no valid fingerprint/],
  ] as const) {
    await writeFile(file, text);
    await assert.rejects(readHeader(file), refusal(message));
  }
});
