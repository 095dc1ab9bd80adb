import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ended, type ServerProcess, startServer } from '../server-process.js';
import { clockEnvironment, sweepClocks } from './clock.js';
import { Link } from './link.js';
import { deadly } from './sources.js';

/** Bytes of the disk for a replica's cache, where it has one of its own. */
const diskBytes = 2 << 20;

/** What all replicas are started with. */
export interface ReplicaOptions {
  readonly folder: string;
  readonly config: string;
  readonly certificate: string;
  readonly key: string;
  readonly tokens: string;
  /** By which the processes of this run are known afterwards. */
  readonly mark: NodeJS.ProcessEnv;
  readonly onFinding: (finding: string) => void;
}

/** One replica behind its link, started again whenever it has ended. */
export class NemesisReplica {
  readonly link: Link;
  readonly clockFile: string;
  readonly #name: string;
  readonly #cache: string;
  readonly #isDisk: boolean;
  readonly #options: ReplicaOptions;
  #server: ServerProcess | null = null;
  #starting: Promise<void> = Promise.resolve();
  /** MiB that one of its processes has had resident at most, and the descriptors that the last one began with. */
  peakMiB = 0;
  #descriptors = 0;

  private constructor(name: string, link: Link, isDisk: boolean, options: ReplicaOptions) {
    this.#name = name;
    this.link = link;
    this.#isDisk = isDisk;
    this.#options = options;
    this.#cache = join(options.folder, `${name}-disk`);
    this.clockFile = join(options.folder, `${name}-clock`);
  }

  static async open(name: string, options: ReplicaOptions): Promise<NemesisReplica> {
    const disk = join(options.folder, `${name}-disk`);
    await mkdir(disk);
    const replica = new NemesisReplica(name, await Link.open(), mounted(disk), options);
    await writeFile(replica.clockFile, '+0');
    replica.#starting = replica.#start();
    await replica.#starting;
    return replica;
  }

  /** Ends it by a signal, and has it ended when this settles. What it says of itself must fit. */
  async stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    await this.#starting;
    this.#look();
    const server = this.#server!;
    this.#server = null;
    const code = await server.stop(signal);
    this.link.target = 0;
    if (signal === 'SIGTERM' && code !== 0) this.#options.onFinding(`${this.#name} ended with ${code} after SIGTERM`);
    for (const line of server.log)
      if (Number(line.level) >= 50) this.#options.onFinding(`${this.#name} logged ${JSON.stringify(line)}`);
  }

  /** Starts it, and again until it starts: as a service manager does. */
  again(): Promise<void> {
    this.#starting = this.#start();
    return this.#starting;
  }

  suspend(isOn: boolean): void {
    this.#server?.process.kill(isOn ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Fills the disk of its cache, or lets it write no file at all; or makes room again. */
  async fillDisk(isOn: boolean): Promise<void> {
    const filler = join(this.#cache, 'filler');
    if (!this.#isDisk) {
      if (this.#server !== null) limitFiles(this.#server.process.pid!, isOn);
      return;
    }
    if (!isOn) return rmSync(filler, { force: true });
    const { bavail, bsize } = statfsSync(this.#cache);
    await writeFile(filler, Buffer.alloc(bavail * bsize)).catch(() => {});
  }

  removeCache(): void {
    // At once, as the replica goes on writing into it.
    const gone = join(this.#cache, `gone-${randomUUID()}`);
    try {
      renameSync(join(this.#cache, 'cache'), gone);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    // What is being written in there still may come while it is listed.
    rmSync(gone, { recursive: true, force: true, maxRetries: 20 });
  }

  /** Settles once it runs and holds about as many descriptors as it began with; after so many seconds it is a finding. */
  async settled(seconds: number): Promise<void> {
    await this.#starting;
    this.#look();
    const most = this.#descriptors + 16;
    const end = performance.now() + seconds * 1000;
    while (descriptorsOf(this.#server!.process.pid!) > most && performance.now() < end) await wait(200);
    const held = descriptorsOf(this.#server!.process.pid!);
    if (held > most)
      this.#options.onFinding(`${this.#name} holds ${held} descriptors, and began with ${this.#descriptors}`);
  }

  async close(): Promise<void> {
    await this.stop('SIGTERM');
    this.link.close();
  }

  async #start(): Promise<void> {
    const { config, certificate, key, tokens, mark, folder, onFinding } = this.#options;
    const args = [
      '--config',
      config,
      '--workers',
      '1',
      '--backend',
      'simd',
      '--memory',
      '64MiB',
      '--drain-seconds',
      '3',
    ];
    const caches = [
      '--cache-memory',
      '1MiB',
      '--cache-folder',
      join(this.#cache, 'cache'),
      '--cache-disk',
      `${diskBytes}`,
    ];
    const secured = ['--tls-cert', certificate, '--tls-key', key, '--tokens', tokens];
    const env = { ...mark, ...deadly, ...clockEnvironment(this.clockFile), HOME: folder };
    const reasons: string[] = [];
    const begun = performance.now();
    for (;;)
      try {
        sweepClocks();
        const server = await startServer('serve', [...args, ...caches, ...secured], { env });
        this.#server = server;
        this.link.target = Number(server.serving.port);
        this.#descriptors = descriptorsOf(server.process.pid!);
        void ended(server.process).then((code) => {
          if (this.#server === server) this.#died(server, code);
        });
        return;
      } catch (error) {
        const after = (performance.now() - begun) / 1000;
        reasons.push(`after ${after.toFixed(0)} s ${(error as Error).message.trim()}`);
        if (after > 120) return onFinding(`${this.#name} does not start: ${reasons.join('; ')}`);
        await wait(500);
      }
  }

  #died(server: ServerProcess, code: number | null): void {
    const signal = server.process.signalCode;
    this.#options.onFinding(`${this.#name} ended by itself: ${code ?? signal}, ${JSON.stringify(server.log.at(-1))}`);
    void this.again();
  }

  #look(): void {
    const status = readFileSync(`/proc/${this.#server!.process.pid}/status`, 'utf8');
    const peak = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
    this.peakMiB = Math.max(this.peakMiB, peak);
  }
}

/** Takes what was mounted in a folder away. */
export function unmountAll(folder: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : [])
    if (readFileSync('/proc/mounts', 'utf8').includes(` ${join(folder, name)} `))
      execFileSync('umount', ['-l', join(folder, name)]);
}

/** Mounts a small disk there; false where this process may not. */
function mounted(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'nemesis', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function limitFiles(process: number, isOn: boolean): void {
  execFileSync('prlimit', ['--pid', String(process), `--fsize=${isOn ? 0 : 'unlimited'}:unlimited`]);
}

function descriptorsOf(process: number): number {
  return readdirSync(`/proc/${process}/fd`).length;
}
