import { metricsText, tributary as run, startServer } from '../server-process.js';
import { parseStages, type StageTotal } from './stage-seconds.js';

/** A replica that serves, as a process of its own. */
export interface RunningReplica {
  readonly pid: number;
  /** `host:port`. */
  readonly address: string;
  /** What does the photometric operations, as the replica reports it. */
  readonly backend: string;
  /** From the start of the process until it served. */
  readonly readySeconds: number;
  /** Its stages so far. */
  stages(): Promise<Map<string, StageTotal>>;
  stop(): Promise<unknown>;
}

/** Runs one command of `tributary` to its end. */
export async function tributary(...args: string[]): Promise<void> {
  const { code, stderr } = await run(args);
  if (code !== 0) throw new Error(`tributary ${args.join(' ')} ended with ${code}: ${stderr}`);
}

/** Starts a replica over a config and waits until it serves. */
export async function startReplica(config: string, backend: string): Promise<RunningReplica> {
  const start = performance.now();
  const replica = await startServer('serve', [
    ...['--config', config, '--backend', backend],
    ...['--metrics-listen', '127.0.0.1:0'],
  ]);
  const { address, serving } = replica;
  return {
    pid: replica.process.pid!,
    address,
    backend: String(serving.device ?? serving.backend),
    readySeconds: (performance.now() - start) / 1000,
    stages: async () => parseStages(await metricsText(replica)),
    stop: () => replica.stop(),
  };
}
