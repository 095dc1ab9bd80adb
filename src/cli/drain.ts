import type { Logger } from 'pino';
import type { Listening } from '../server/start-server.js';
import { letInterruptDrain } from './interrupt.js';

/** Waits for SIGTERM or SIGINT and drains. A second signal ends the process at once. */
export async function drainOnSignal(log: Logger, listening: Listening, seconds: number): Promise<void> {
  letInterruptDrain();
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name));
  });
  log.info({ signal, seconds }, 'draining');
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => process.exit(1));
  await listening.drain(seconds * 1000);
  log.info('drained');
  // What still holds the process then is a client that does not read what it was sent.
  setTimeout(() => process.exit(), 1_000).unref();
}
