import { parentPort, workerData } from 'node:worker_threads';
import { acquireDevice, type Device, loadLibrary, provideWebGpu } from './device.js';
import type { PhotometricDraw } from './program.js';
import { createRunner, type GpuMode } from './runner.js';
import { checkedBytes } from './self-check.js';

/** What the thread of a backend is asked for; `pixels` lie in shared memory. */
export type Request =
  | { readonly kind: 'apply'; readonly pixels: Uint8Array; readonly size: number; readonly draws: PhotometricDraw[] }
  | { readonly kind: 'close' };

/** What it answers: once after opening, then once for each request. */
export type Reply =
  | { readonly kind: 'open'; readonly description: string; readonly software: boolean }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly reason: string };

const port = parentPort!;
const mode = workerData as GpuMode;
const post = (reply: Reply) => port.postMessage(reply);

// gpu.js tells of what went wrong in console lines alone: they belong to the error that follows, not to the console
const said: string[] = [];
for (const name of ['log', 'info', 'warn', 'error'] as const)
  console[name] = (...words: unknown[]) => {
    if (said.length < 8) said.push(words.map(String).join(' '));
  };

function fail(error: unknown) {
  const reason = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
  const lines = said.splice(0).filter((line) => !line.includes(reason));
  post({ kind: 'failed', reason: lines.length === 0 ? reason : `${reason} (it said: ${lines.join(' | ')})` });
}

/** Opens the mode and proves it: the check's bytes must be those of gpu.js's plain JavaScript. */
async function open() {
  if (mode === 'webgpu') await provideWebGpu();
  const { GPU, input } = loadLibrary();
  const device: Device | undefined = mode === 'webgpu' ? await acquireDevice() : undefined;
  const runner = createRunner(new GPU({ mode }), input, mode);
  const apply = (pixels: Uint8Array, size: number, draws: readonly PhotometricDraw[]) =>
    device ? device.guard(() => runner.apply(pixels, size, draws)) : runner.apply(pixels, size, draws);
  const bytes = await checkedBytes(apply);
  const ran = runner.ran();
  if (mode !== 'cpu') {
    const reference = createRunner(new GPU({ mode: 'cpu' }), input, 'cpu');
    const expected = await checkedBytes(reference.apply);
    await reference.close();
    const wrong = bytes.filter((byte, i) => byte !== expected[i]).length;
    if (wrong > 0) throw new Error(`${ran} gave ${wrong} of ${bytes.length} bytes other than exact arithmetic gives`);
  }
  const description = device ? `${ran} on ${device.description}` : ran;
  return { apply, close: runner.close, description, software: device?.software ?? false };
}

try {
  const { apply, close, description, software } = await open();
  port.on('message', (request: Request) => {
    const work = request.kind === 'apply' ? apply(request.pixels, request.size, request.draws) : close();
    work.then(() => post({ kind: 'done' }), fail);
  });
  post({ kind: 'open', description, software });
} catch (error) {
  fail(error);
}
