import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBackend } from '../../src/augment/open-backend.js';

test('auto is simd, and a choice that cannot run is refused, never replaced', async (t) => {
  const backend = await openBackend('auto');
  t.after(() => backend.close());
  assert.equal(backend.name, 'simd');
  process.env.VK_ICD_FILENAMES = process.env.VK_DRIVER_FILES = '/nonexistent.json';
  await assert.rejects(openBackend('webgpu'), { reason: 'BACKEND_UNAVAILABLE', metadata: { backend: 'webgpu' } });
});

test('gpu.js opens by its mode', async () => {
  const backend = await openBackend('cpu');
  assert.deepEqual([backend.name, backend.description, backend.room], ['cpu', 'cpu (generic)', undefined]);
  await backend.close();
});
