import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { Cargo, CargoKind } from '../cargo.js';
import type { CargoCost, CargoWork } from '../device.js';
import { calibrate } from './calibrate.js';
import { acquireDevice, loadLibrary, provideWebGpu, type WebGpu } from './device.js';
import { installMovedExecutor, type Spent } from './moved-executor.js';
import { createRunner, type GpuMode, type Runner } from './runner.js';
import { checkedBytes } from './self-check.js';

/** What the thread is started with. */
export interface Start {
  readonly mode: GpuMode;
  /** Whether it is going to be given crops: then the check covers them too. */
  readonly crops: boolean;
}

/** What the thread of a device is asked for. */
export type Request =
  | { readonly kind: 'run'; readonly id: number; readonly cargo: Cargo; readonly work: CargoWork }
  | { readonly kind: 'prepare'; readonly id: number; readonly size: number }
  | { readonly kind: 'close'; readonly id: number };

/** What it answers: once after opening, as number 0, then once for each request, by its number. */
export type Reply =
  | { readonly kind: 'open'; readonly id: 0; readonly description: string; readonly lanes: number }
  | { readonly kind: 'done'; readonly id: number; readonly cost: CargoCost }
  | { readonly kind: 'prepared'; readonly id: number; readonly seconds: Readonly<Record<CargoKind, number>> }
  | { readonly kind: 'closed'; readonly id: number }
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

/** Seconds of CPU of this thread, where the system tells; otherwise the clock's. */
function threadSeconds(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0]) / 1e9;
  } catch {
    return performance.now() / 1000;
  }
}

/** Opens the mode and proves it: the check's bytes must be those of gpu.js's plain JavaScript. */
async function open() {
  if (mode === 'webgpu') await provideWebGpu();
  const spent: Spent = mode === 'webgpu' ? installMovedExecutor() : { copying: 0, calling: 0 };
  const { GPU, input } = loadLibrary();
  const device: WebGpu | undefined = mode === 'webgpu' ? await acquireDevice() : undefined;
  const bare = createRunner(new GPU({ mode }), input, mode);
  const run: Runner['run'] = (cargo, work) =>
    device ? device.guard(() => bare.run(cargo, work)) : bare.run(cargo, work);
  const runner: Runner = { ...bare, run };
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
  return { runner, description, spent };
}

try {
  const { runner, description, spent } = await open();
  // What was spent since the last cargo was done is the next one's: lanes overlap, sums stay right.
  let told = { thread: threadSeconds(), ...spent };
  const sinceLast = (): CargoCost => {
    const now = { thread: threadSeconds(), ...spent };
    const cost = {
      thread: now.thread - told.thread,
      copying: now.copying - told.copying,
      calling: now.calling - told.calling,
    };
    told = now;
    return cost;
  };
  const answer = async (request: Request): Promise<Reply> => {
    const { id } = request;
    switch (request.kind) {
      case 'run':
        await runner.run(request.cargo, request.work);
        return { kind: 'done', id, cost: sinceLast() };
      case 'prepare': {
        const seconds = await calibrate(runner, request.size, crops);
        sinceLast();
        return { kind: 'prepared', id, seconds };
      }
      case 'close':
        await runner.close();
        return { kind: 'closed', id };
    }
  };
  port.on('message', (request: Request) => {
    answer(request).then(post, (error: unknown) => fail(request.id, error));
  });
  post({ kind: 'open', id: 0, description, lanes: runner.lanes });
} catch (error) {
  fail(0, error);
}
