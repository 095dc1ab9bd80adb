import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { indexedSamples, sevenRun, startServer, temporaryFolder, tributary } from '../fleet.js';

test('a fetched batch is replayed by its header alone, and another CRC-32 is told', async (t) => {
  const config = await indexedSamples(t, { small: sevenRun({ image_size: 32 }) });
  const { address } = await startServer(t, 'serve', ['--config', config, '--backend', 'simd']);
  const out = await temporaryFolder(t);
  const form = ['--data-type', 'float16', '--layout', 'nchw', '--rank', '1', '--world-size', '2'];
  const place = ['--run', 'small', '--epoch', '2', '--step', '3'];
  const fetched = await tributary(['fetch', '--address', address, ...place, ...form, '--out', out]);
  assert.equal(fetched.code, 0, fetched.stderr);
  const path = join(out, '0002-00000003-r1of2');
  assert.match(fetched.stdout, /0002-00000003-r1of2\.npy 4x3x32x32 crc32 [0-9a-f]{8} from /);
  const again = await temporaryFolder(t);
  const agreed = await tributary(['replay', `${path}.json`, '--address', address, '--out', again]);
  assert.deepEqual([agreed.code, agreed.stderr], [0, '']);
  assert.match(agreed.stdout, /^the bytes agree: crc32 [0-9a-f]{8} from /);
  assert.deepEqual(await readFile(join(again, '0002-00000003-r1of2.npy')), await readFile(`${path}.npy`));

  const header = JSON.parse(await readFile(`${path}.json`, 'utf8'));
  header.crc32 ^= 1;
  header.crc32 >>>= 0;
  header.samples[0].key = 'moved.jpg';
  await writeFile(`${path}.json`, JSON.stringify(header));
  const differs = await tributary(['replay', `${path}.json`, '--address', address]);
  assert.deepEqual([differs.code, differs.stdout], [1, '']);
  assert.match(differs.stderr, /slot 0 holds .* in place of moved\.jpg.*REPLAY_DIFFERS/);
});
