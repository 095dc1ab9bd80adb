import { parentPort, workerData } from 'node:worker_threads';
import type { CropPart, Part } from '../backend.js';
import type { DeviceCrops } from '../device-crops.js';
import { acquireDevice, type Device, loadLibrary, provideWebGpu } from './device.js';
import { createRunner, type GpuMode, type Runner } from './runner.js';
import { checkedBytes } from './self-check.js';

/** What the thread is started with. */
export interface Start {
  readonly mode: GpuMode;
  /** Whether it is going to be given crops: then the check covers them too. */
  readonly crops: boolean;
}

/** What the thread of a backend is asked for; `pixels` lie in shared memory. */
export type Request =
  | {
      readonly kind: 'apply';
      readonly id: number;
      readonly pixels: Uint8Array;
      readonly size: number;
      readonly parts: readonly Part[];
      /** Empty where nothing is resized. */
      readonly lent: readonly DeviceCrops[];
      readonly crops: readonly CropPart[];
    }
  | { readonly kind: 'close'; readonly id: number };

/** What it answers: once after opening, as number 0, then once for each request, by its number. */
export type Reply =
  | {
      readonly kind: 'open';
      readonly id: 0;
      readonly description: string;
      /** Requests that it takes at a time. */
      readonly tracks: number;
    }
  | { readonly kind: 'done'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string };

const port = parentPort!;
const { mode, crops } = workerData as Start;
const post = (reply: Reply) => port.postMessage(reply);

// gpu.js tells of what went wrong in console lines alone: they belong to the error that follows, not to the console
const said: string[] = [];
for (const name of ['log', 'info', 'warn', 'error'] as const)
  console[name] = (...words: unknown[]) => {
    if (said.length < 8) said.push(words.map(String).join(' '));
  };

function fail(id: number, error: unknown) {
  const reason = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
  const lines = said.splice(0).filter((line) => !line.includes(reason));
  post({ kind: 'failed', id, reason: lines.length === 0 ? reason : `${reason} (it said: ${lines.join(' | ')})` });
}

/** Opens the mode and proves it: the check's bytes must be those of gpu.js's plain JavaScript. */
async function open() {
  if (mode === 'webgpu') await provideWebGpu();
  const { GPU, input } = loadLibrary();
  const device: Device | undefined = mode === 'webgpu' ? await acquireDevice() : undefined;
  const bare = createRunner(new GPU({ mode }), input, mode);
  const guarded = (run: () => Promise<void>) => (device ? device.guard(run) : run());
  const runner: Runner = {
    ...bare,
    apply: (...batch) => guarded(() => bare.apply(...batch)),
  };
  const bytes = await checkedBytes(runner, crops);
  const ran = runner.ran();
  if (mode !== 'cpu') {
    const reference = createRunner(new GPU({ mode: 'cpu' }), input, 'cpu');
    const expected = await checkedBytes(reference, crops);
    await reference.close();
    const wrong = bytes.filter((byte, i) => byte !== expected[i]).length;
    if (wrong > 0) throw new Error(`${ran} gave ${wrong} of ${bytes.length} bytes other than exact arithmetic gives`);
  }
  const description = device ? `${ran} on ${device.description}` : ran;
  return { runner, description };
}

try {
  const { runner, description } = await open();
  const work = (request: Request) => {
    if (request.kind === 'close') return runner.close();
    const { pixels, size, parts, lent, crops } = request;
    return runner.apply(pixels, size, parts, lent, crops);
  };
  port.on('message', (request: Request) => {
    const { id } = request;
    work(request).then(
      () => post({ kind: 'done', id }),
      (error: unknown) => fail(id, error),
    );
  });
  post({ kind: 'open', id: 0, description, tracks: runner.tracks });
} catch (error) {
  fail(0, error);
}
