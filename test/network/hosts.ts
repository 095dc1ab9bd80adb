import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

/** A host of its own: a network namespace with one interface on the common switch. */
export interface Host {
  readonly name: string;
  readonly ip: string;
  /** What a command starts with to run on this host. The process is the command itself, with no shell between. */
  readonly via: readonly string[];
  /** Pulls its cable at the switch: nobody is told. */
  cut(): void;
  mend(): void;
}

/** The one name that stands for all replicas. */
export const loaderName = 'loader.test';

const prefix = `tributary-${process.pid}-`;

/**
 * Several hosts and a name server on one machine: namespaces, a switch between them, and dnsmasq. Everything goes with the
 * test; what a killed test has left goes when the next one begins.
 */
export class Network {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tributary-network-'));
  readonly #switch: string;
  readonly #hosts = new Map<string, Host>();
  #server: ChildProcess | null = null;
  #log: AsyncIterator<string> | null = null;
  #answers = '';

  private constructor() {
    this.#switch = `${prefix}switch`;
  }

  /** Why hosts of their own cannot be had here, found by making one; null where they can. */
  static obstacle(): string | null {
    const network = new Network();
    try {
      network.#connect();
      execFileSync('dnsmasq', ['--version'], { stdio: ['ignore', 'ignore', 'pipe'] });
      // Entering one remounts /sys, which fails where making one does not: below a chroot, say.
      const [program, ...args] = network.host('probe').via;
      execFileSync(program!, [...args, 'true'], { stdio: ['ignore', 'ignore', 'pipe'] });
      return null;
    } catch (error) {
      return `hosts of their own need root, network namespaces and dnsmasq: ${(error as Error).message.trim().replaceAll(/\s*\n\s*/g, ' ')}`;
    } finally {
      network.#remove();
    }
  }

  static async open(t: TestContext): Promise<Network> {
    removeHosts((pid) => !isAlive(pid));
    const network = new Network();
    const remove = (): void => network.#remove();
    process.once('exit', remove);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
    t.after(remove);
    network.#connect();
    await network.#startNames();
    return network;
  }

  #connect(): void {
    ip('netns', 'add', this.#switch);
    ip('-n', this.#switch, 'link', 'add', 'bridge0', 'type', 'bridge');
    ip('-n', this.#switch, 'link', 'set', 'bridge0', 'up');
  }

  #remove(): void {
    removeHosts((pid) => pid === process.pid);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The host of this name, made when it is first asked for. */
  host(name: string): Host {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    const number = this.#hosts.size + 2;
    const [space, port, address] = [`${prefix}${name}`, `port${number}`, `10.213.0.${number}`];
    mkdirSync(`/etc/netns/${space}`, { recursive: true });
    writeFileSync(`/etc/netns/${space}/resolv.conf`, 'nameserver 10.213.0.2\noptions timeout:1 attempts:2\n');
    ip('netns', 'add', space);
    ip('-n', this.#switch, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space);
    ip('-n', this.#switch, 'link', 'set', port, 'master', 'bridge0', 'up');
    ip('-n', space, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', space, 'link', 'set', 'eth0', 'up');
    ip('-n', space, 'link', 'set', 'lo', 'up');
    const link = (state: string): void => ip('-n', this.#switch, 'link', 'set', port, state);
    const via = ['ip', 'netns', 'exec', space];
    const host = { name, ip: address, via, cut: () => link('down'), mend: () => link('up') };
    this.#hosts.set(name, host);
    return host;
  }

  /** Makes the name stand for these hosts, and no others. Resolves when the name server answers so. */
  async answer(hosts: readonly Host[]): Promise<void> {
    writeFileSync(this.#answers, hosts.map((host) => `${host.ip} ${loaderName}\n`).join(''));
    this.#server!.kill('SIGHUP');
    await this.#says(/ read .* names/);
  }

  async #startNames(): Promise<void> {
    this.#answers = join(this.#folder, 'answers');
    writeFileSync(this.#answers, '');
    const { via } = this.host('names');
    this.#server = spawn(
      via[0]!,
      [
        ...via.slice(1),
        'dnsmasq',
        '--keep-in-foreground',
        '--log-facility=-',
        '--conf-file=/dev/null',
        '--pid-file=',
        '--user=root',
        '--no-resolv',
        '--no-hosts',
        '--local=/test/',
        '--listen-address=10.213.0.2',
        '--bind-interfaces',
        `--addn-hosts=${this.#answers}`,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#log = createInterface({ input: this.#server.stderr! })[Symbol.asyncIterator]();
    await this.#says(/ read .* names/);
  }

  async #says(pattern: RegExp): Promise<void> {
    for (let text = ''; ; ) {
      const { value: line, done } = await this.#log!.next();
      if (done) throw new Error(`dnsmasq has ended: ${text}`);
      if (pattern.test(line)) return;
      text += `${line}\n`;
    }
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Ends what runs on the hosts of the tests that `isOurs` picks by their process, and removes the hosts. */
function removeHosts(isOurs: (pid: number) => boolean): void {
  const spaces = new Set([...names('/run/netns'), ...names('/etc/netns')]);
  for (const space of spaces) {
    const pid = /^tributary-(\d+)-/.exec(space)?.[1];
    if (pid === undefined || !isOurs(Number(pid))) continue;
    if (names('/run/netns').includes(space)) {
      for (const inside of execFileSync('ip', ['netns', 'pids', space], { encoding: 'utf8' }).split('\n'))
        if (inside !== '') end(Number(inside));
      ip('netns', 'del', space);
    }
    rmSync(`/etc/netns/${space}`, { recursive: true, force: true });
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself meanwhile.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
