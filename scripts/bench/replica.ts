import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseStages, type StageTotal } from './stage-seconds.js';

const main = fileURLToPath(new URL('../../src/cli/main.cjs', import.meta.url));

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
  stop(): Promise<void>;
}

/** Runs one command of `tributary` to its end. */
export async function tributary(...args: string[]): Promise<void> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said += text;
  });
  const code = await ended(child);
  if (code !== 0) throw new Error(`tributary ${args.join(' ')} ended with ${code}: ${said}`);
}

/** Starts a replica over a config and waits until it serves. */
export async function startReplica(config: string, backend: string): Promise<RunningReplica> {
  const start = performance.now();
  const ports = ['--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0'];
  const child = spawn(process.execPath, [main, 'serve', '--config', config, '--backend', backend, ...ports], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const serving = await new Promise<Record<string, string>>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the replica ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = JSON.parse(line) as Record<string, string>;
      if (entry.msg === 'serving') resolve(entry);
    });
  });
  return {
    pid: child.pid!,
    address: `127.0.0.1:${serving.port}`,
    backend: serving.device ?? serving.backend!,
    readySeconds: (performance.now() - start) / 1000,
    stages: async () => parseStages(await (await fetch(`http://127.0.0.1:${serving.metricsPort}/metrics`)).text()),
    async stop() {
      child.kill('SIGTERM');
      await ended(child);
    },
  };
}

function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', resolve));
}
