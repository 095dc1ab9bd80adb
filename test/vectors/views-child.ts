import { createHash } from 'node:crypto';
import { openBackend } from '../../src/augment/open-backend.js';
import { SimdKernels } from '../../src/augment/simd.js';
import { splitSteps } from '../../src/augment/split-steps.js';
import { decodeCrop } from '../../src/decode/decode-crop.js';
import { cutView, decodeUnion } from '../../src/decode/decode-union.js';
import { probe } from '../../src/decode/probe.js';
import { defaultLimits } from '../../src/run/limits.js';
import { drawSample } from '../../src/sample/draw-sample.js';
import { inputOf, viewVectors } from './view-vectors.js';

// Run by views.test.ts as a process of its own for each backend, for Vulkan's environment is read when the device is loaded. Writes the
// backend's description and the SHA-256 of every view as one line of JSON. The device makes every step that it has a kernel for.
const backend = await openBackend(process.argv[2] as 'webgpu' | 'webasm' | 'cpu');
const kernels = SimdKernels.create();
const digests: string[][] = [];
let steps = 0;
for (const vector of viewVectors) {
  const { drawing, file } = inputOf(vector);
  const stored = await probe(file, defaultLimits);
  const drawn = drawSample(vector.seed, stored, drawing);
  const whole = await decodeUnion(drawn, stored, (box) => decodeCrop(file, box, defaultLimits));
  kernels.applyToWhole(whole.crop, drawn.shared);
  const views: Uint8Array[] = [];
  for (const [view, draw] of drawn.views.entries()) {
    const { size } = vector.views[view]!;
    const pixels = new Uint8Array(size * size * 3);
    const from = splitSteps(draw.steps);
    steps += draw.steps.length - from;
    kernels.runPrefix(cutView(whole, draw.geometry.crop), draw, from, pixels);
    await backend.apply(pixels, size, [{ slot: 0, steps: draw.steps.slice(from) }]);
    views.push(pixels);
  }
  digests.push(views.map((pixels) => createHash('sha256').update(pixels).digest('hex')));
}
await backend.close();
process.stdout.write(`${JSON.stringify({ description: backend.description, steps, digests })}\n`);
