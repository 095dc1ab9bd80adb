import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { hex } from '../../src/cli/fetch.js';
import { temporaryFolder, tributary } from '../fleet.js';
import { serving, smallReplica } from '../server/small-replica.js';

test('each batch is two files and a line with its shape, its CRC-32 and who sent it', async (t) => {
  const address = await serving(t, await smallReplica(t));
  const out = await temporaryFolder(t);
  const place = ['--run', 'small', '--epoch', '1', '--step', '2', '--steps', '2'];
  const form = ['--layout', 'nchw', '--data-type', 'bfloat16'];
  const { code, stdout, stderr } = await tributary(['fetch', '--address', address, ...place, ...form, '--out', out]);
  assert.deepEqual([code, stderr], [0, '']);
  const lines = stdout.trimEnd().split('\n');
  for (const [i, line] of lines.entries())
    assert.match(line, new RegExp(`/0001-0000000${2 + i}-r0of1\\.npy 2x3x32x32 crc32 [0-9a-f]{8} from ${address}$`));
  assert.deepEqual((await readdir(out)).toSorted(), [
    '0001-00000002-r0of1.json',
    '0001-00000002-r0of1.npy',
    '0001-00000003-r0of1.json',
    '0001-00000003-r0of1.npy',
  ]);
  assert.equal(hex(255), '000000ff');
});
