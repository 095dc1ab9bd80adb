import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The command line as it is built. */
export const main = fileURLToPath(new URL('../src/cli/main.cjs', import.meta.url));

/** What a command printed, and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `tributary` with these arguments to its end. */
export async function tributary(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], {
    ...options,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')];
  const code = await ended(child);
  return { code, stdout: await stdout, stderr: await stderr };
}

/** A server process of the real command line. */
export interface ServerProcess {
  /** `host:port`. */
  readonly address: string;
  readonly process: ChildProcess;
  /** Port of the metrics over HTTP. */
  readonly metricsPort: number | null;
  /** The log so far, parsed. */
  readonly log: readonly Record<string, unknown>[];
  /** The line of the log that said that it serves. */
  readonly serving: Readonly<Record<string, unknown>>;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** How a server is started. */
export interface StartOptions {
  readonly listen?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What the command starts with. */
  readonly via?: readonly string[];
  /** Told of the process before it serves. */
  readonly onSpawn?: (child: ChildProcess) => void;
}

/** Starts `tributary serve` or `tributary schedule` and waits until it serves; rejects with what it said where it ends before. */
export async function startServer(
  command: 'serve' | 'schedule',
  args: readonly string[],
  { listen = '127.0.0.1:0', env = {}, via = [], onSpawn }: StartOptions = {},
): Promise<ServerProcess> {
  const [program, ...rest] = [...via, process.execPath, main, command, '--listen', listen, ...args];
  const child = spawn(program!, rest, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  onSpawn?.(child);
  const log: Record<string, unknown>[] = [];
  const stderr = collect(child, 'stderr');
  const serving = await new Promise<Record<string, unknown>>((resolve, reject) => {
    child.once('exit', async (code) => reject(new Error(`${command} ended with ${code}: ${await stderr}`)));
    createInterface({ input: child.stdout! }).on('line', (text) => {
      const line = JSON.parse(text) as Record<string, unknown>;
      log.push(line);
      if (line.msg === 'serving') resolve(line);
    });
  });
  return {
    address: `${listen.slice(0, listen.lastIndexOf(':'))}:${serving.port as number}`,
    process: child,
    metricsPort: serving.metricsPort as number | null,
    log,
    serving,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended(child);
    },
  };
}

/** The exit code of a process, once it has ended. */
export function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', resolve));
}

/** What a server shows of its metrics. */
export async function metricsText({ metricsPort }: ServerProcess): Promise<string> {
  return (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
}

function collect(child: ChildProcess, stream: 'stdout' | 'stderr'): Promise<string> {
  let text = '';
  child[stream]!.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  return new Promise((resolve) => child[stream]!.once('close', () => resolve(text)));
}
