import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** How long a process' event loop kept others waiting since it was last asked, in milliseconds. */
export interface LoopDelay {
  readonly p999: number;
  readonly max: number;
}

// Loaded into a server (node --import), this writes its delays into the file of TRIBUTARY_LOOP_DELAY at every SIGUSR2.
const file = process.env.TRIBUTARY_LOOP_DELAY;
if (file !== undefined && isMainThread) {
  const resolution = 5;
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  process.on('SIGUSR2', () => {
    const milliseconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolution);
    const said: LoopDelay = { p999: milliseconds(delay.percentile(99.9)), max: milliseconds(delay.max) };
    delay.reset();
    writeFileSync(file, JSON.stringify(said));
  });
}
