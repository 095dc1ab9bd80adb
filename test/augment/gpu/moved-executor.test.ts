import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { provideNullWebGpu } from '../../../scripts/null-webgpu.js';
import { argumentFields, emptyCargo, fieldsOf } from '../../../src/augment/cargo.js';
import { workOf } from '../../../src/augment/device.js';
import { loadLibrary } from '../../../src/augment/gpu/device.js';
import { checkFit, installMovedExecutor, knownVersion } from '../../../src/augment/gpu/moved-executor.js';
import { createRunner } from '../../../src/augment/gpu/runner.js';
import { SimdKernels } from '../../../src/augment/simd.js';
import { stowCrop, stowImage } from '../../../src/augment/stow.js';
import type { DrawStep } from '../../../src/sample/draw.js';
import { numbers, resizeDraw, scene } from '../cases.js';

const require = createRequire(import.meta.url);
const prototype = require('gpu.js/src/backend/web-gpu/pipeline-executor.js').WebGPUPipelineExecutor.prototype;
// Before the test below puts another in its place.
const own = ['execute', '_checkArguments', '_shapeResults'].map((name) => String(prototype[name])).join('\n');

test('gpu.js is pinned to the version whose executor is known, and that executor is still the one that was read', () => {
  const root = fileURLToPath(new URL('../../../..', import.meta.url));
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.equal(dependencies['gpu.js'], knownVersion);
  assert.equal(require('gpu.js/package.json').version, knownVersion);
  // Where this differs, read what gpu.js does now, and whether moved-executor.ts still does the same.
  assert.equal(createHash('sha1').update(own).digest('hex'), '1f681e4910d1f9ab4304966e9758fea84309808d');
});

test('an executor of another shape is refused, and the message says what has changed', () => {
  assert.throws(() => checkFit({}), {
    message: `expected the fused executor of gpu.js ${knownVersion}, but got an executor whose _device, _argRegions, _paramsRecords, _passes, _resultReads, _staging has another shape`,
  });
});

const steps: readonly DrawStep[] = [
  { op: 'contrast', factor: 0.5 },
  { op: 'gaussianBlur', sigma: 1 },
];

test('gpu.js’s executor passes a cargo’s bytes to the device and back, each by one copy', async (t) => {
  const device = provideNullWebGpu();
  const spent = installMovedExecutor();
  const { GPU, input } = loadLibrary();
  const runner = createRunner(new GPU({ mode: 'webgpu' }), input, 'webgpu');
  t.after(() => runner.close());
  assert.equal(runner.lanes, 2);
  const kernels = SimdKernels.create();
  const size = 12;
  const next = numbers(1);
  const bicubic = { left: 0, top: 0, hflip: true, vflip: false, interpolation: 'BICUBIC' } as const;
  for (const kind of ['images', 'crops'] as const) {
    const cargo = emptyCargo({ images: 4, size, kind });
    for (let i = 0; i < 3; i++) {
      const crop = { data: scene(20, 14, next), width: 20, height: 14 };
      const { geometry } = resizeDraw({ ...bicubic, width: 20, height: 14, to: [size, size], size });
      if (kind === 'crops') stowCrop(cargo, kernels, crop, { geometry, steps });
      else stowImage(cargo, steps, (target) => kernels.packPrefix(crop, { geometry, steps }, 0, size, target));
    }
    // Twice on each lane: a mapped buffer has to be mapped again.
    await Promise.all([0, 1, 2, 3].map(() => runner.run(cargo, workOf([steps]))));
    device.keeps = true;
    device.result = kind === 'images' ? 3 : 5;
    await runner.run(cargo, workOf([steps]));
    device.keeps = false;
    const fields = fieldsOf(cargo);
    const uploads = device.uploads.splice(0);
    // The executor numbers arguments in the order in which kernels use them.
    const sent = argumentFields.slice(0, kind === 'crops' ? 8 : 4);
    assert.equal(uploads.length, sent.length);
    for (const field of sent) {
      const bytes = new Uint8Array(cargo.shared, fields[field].byteOffset, fields[field].byteLength);
      const isSent = (upload: Uint8Array) => Buffer.compare(upload, bytes.subarray(0, upload.length)) === 0;
      // What is behind the used part of these is written while they are moved.
      const prefix = ['programs', 'products', 'blurs', 'samples', 'rows'].includes(field) ? 0.5 : 1;
      assert.ok(
        uploads.some((upload) => upload.length > 0 && isSent(upload.subarray(0, Math.floor(upload.length * prefix)))),
        `${kind}: ${field}`,
      );
    }
    const results = new Uint8Array(cargo.shared, fields.results.byteOffset, fields.results.byteLength);
    const used = 3 * size * size * 4;
    assert.ok(results.subarray(0, used).every((byte) => byte === device.result));
    assert.ok(
      results.subarray(used).every((byte) => byte === 0),
      'what no image has is not copied',
    );
  }
  assert.ok(device.dispatched > 0 && spent.copying > 0 && spent.calling > 0);
  assert.equal(runner.ran(), 'webgpu (fused-encoder)');
});
