import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBackend } from '../../src/augment/open-backend.js';

test('auto runs on the threads, with a device beside them where there is one; a name that cannot run is refused', async () => {
  process.env.VK_ICD_FILENAMES = process.env.VK_DRIVER_FILES = '/nonexistent.json';
  const auto = await openBackend('auto');
  assert.equal(auto.name, 'auto');
  assert.equal(auto.device?.isForced, false);
  assert.equal(await auto.device.open(), null);
  assert.equal((await openBackend('simd')).device, undefined);
  await assert.rejects(openBackend('webgpu'), { reason: 'BACKEND_UNAVAILABLE', metadata: { backend: 'webgpu' } });
});

test('gpu.js opens by its mode, once proven, and again after it was lost', async () => {
  const backend = await openBackend('cpu');
  assert.deepEqual([backend.name, backend.description, backend.device?.isForced], ['cpu', 'cpu (generic)', true]);
  const first = (await backend.device!.open())!;
  assert.equal(first.resizes, false);
  await first.kill();
  const second = (await backend.device!.open())!;
  assert.notEqual(second, first);
  await second.close();
  await backend.close();
});
