import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { acquireDevice, loadLibrary, provideWebGpu } from '../../../src/augment/gpu/device.js';

// Run by device.test.ts as a process of its own.
await provideWebGpu();
loadLibrary();
const { guard } = await acquireDevice();
const { WebGPUContext } = createRequire(import.meta.url)('gpu.js/src/backend/web-gpu/context.js');
const { device } = await WebGPUContext.acquire();
// a buffer of no use is an error that the device tells of through its error scopes alone
const mistake = () => device.createBuffer({ size: 4, usage: 0 });
const gate = () => {
  let open: () => void = () => {};
  const closed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { closed, open };
};
const refused = /usage|GPUBufferUsage/i;

await guard(async () => {});
await assert.rejects(
  guard(async () => void mistake()),
  refused,
);

// the one that ends first takes the scopes with it; the other's error must not go with them
const [first, begun] = [gate(), gate()];
const long = guard(async () => {
  mistake();
  begun.open();
  await first.closed;
});
await begun.closed;
const short = guard(async () => {});
await assert.rejects(short, refused);
first.open();
await assert.rejects(long, refused);

// and those that end in the order in which they began, the second at fault
const [early, late] = [gate(), gate()];
const one = guard(() => early.closed);
const two = guard(async () => {
  mistake();
  await late.closed;
});
await new Promise(setImmediate);
early.open();
await assert.rejects(one, refused);
late.open();
await assert.rejects(two, refused);

await Promise.all([guard(async () => {}), guard(async () => {})]);
console.log(JSON.stringify({ guard: 'held' }));
process.exit(0);
