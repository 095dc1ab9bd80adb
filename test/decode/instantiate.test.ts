import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { instantiate } from '../../src/decode/instantiate.js';
import { temporaryFolder } from '../fleet.js';

test('a module that is not there, or is none, is refused with how to build it', async (t) => {
  const folder = await temporaryFolder(t);
  const file = pathToFileURL(join(folder, 'kernels.wasm'));
  const refusal = (message: RegExp) => ({ reason: 'BACKEND_UNAVAILABLE', message });
  assert.throws(() => instantiate(file, 'kernels'), refusal(/WebAssembly kernels .*ENOENT.*npm run build:wasm/));
  await writeFile(file, 'no module');
  assert.throws(() => instantiate(file, 'kernels'), refusal(/magic|expected/));
  await writeFile(file, Buffer.from('0061736d01000000', 'hex'));
  assert.deepEqual(Object.keys(instantiate(file, 'kernels').run), []);
});
