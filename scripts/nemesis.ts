import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeAuthority, makeCertificate } from '../test/certificates.js';
import { type Taken, Trainer } from '../test/network/trainers.js';
import { setClock, sweepClocks } from './nemesis/clock.js';
import { drawFaults, type Fault, type Kind, placeOf, told } from './nemesis/faults.js';
import { NemesisReplica, unmountAll } from './nemesis/replica.js';
import { deadly, deadlyFile, makeSources, type Sources } from './nemesis/sources.js';
import { epochs, NemesisTrainer, type Spoil, shareOf, tasks, type Undisturbed } from './nemesis/trainer.js';
import { ended, startServer } from './server-process.js';

// node dist/scripts/nemesis.js --seed N --minutes M [--replicas 3] [--plan]: see scripts/nemesis.sh.

/** MiB that a replica may have resident: docs/memory.md's formula for one thread, --memory 64MiB and small pictures, and as much again for Node's own heap. */
const mostMiB = 512;

/** What a run of the nemesis came to. */
export interface Report {
  readonly faults: ReadonlyMap<Kind, number>;
  readonly batches: number;
  /** Seconds that a trainer waited for a batch, at the most. */
  readonly longestWait: number;
  readonly peakMiB: number;
  /** What was not as it should be: none where all promises held. */
  readonly findings: readonly string[];
}

interface Options {
  readonly seed: number;
  /** Seconds in which faults begin. */
  readonly seconds: number;
  readonly replicas: number;
  readonly say: (line: string) => void;
  readonly spoil?: Spoil;
}

/** Drives trainers of both kinds against replicas under random faults, and compares every batch with an undisturbed run. */
export async function nemesis({ seed, seconds, replicas: count, say, spoil }: Options): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-nemesis-'));
  const mark = { TRIBUTARY_NEMESIS: randomUUID() };
  const findings: string[] = [];
  let begun = performance.now();
  const onFinding = (finding: string): void => {
    findings.push(finding);
    say(`${((performance.now() - begun) / 1000).toFixed(2).padStart(9)} s  FOUND: ${finding}`);
  };
  const closing: (() => void)[] = [];
  const end = (): void => {
    for (const close of closing) close();
    for (const one of marked(mark)) one.kill();
    unmountAll(folder);
    sweepClocks();
    rmSync(folder, { recursive: true, force: true });
  };
  const interrupted = (): void => {
    end();
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, interrupted);
  try {
    const sources = await makeSources(folder, 84);
    closing.push(() => sources.storage.close());
    const undisturbed = await undisturbedRun(sources, mark);
    say(
      `undisturbed: ${[...undisturbed].map(([name, list]) => `${list.flat().length} batches of ${name}`).join('; ')}`,
    );
    const files = await makeCertificates(folder);
    const common = { folder, config: sources.config, ...files, mark, onFinding };
    const replicas = await Promise.all(
      Array.from({ length: count }, (_, place) => NemesisReplica.open(`replica-${place}`, common)),
    );
    const addresses = replicas.map(({ link }) => `127.0.0.1:${link.port}`).join(',');
    const trainers = tasks.map((task, place) => {
      const clockFile = join(folder, `trainer-${place}-clock`);
      const given = { addresses, ...files, clockFile, mark, onFinding, spoil };
      return new NemesisTrainer(task, undisturbed.get(shareOf(task))!, given);
    });
    for (const trainer of trainers) trainer.begin();
    const world = { folder, sources, replicas, trainers, files, addresses, mark };
    const faults = drawFaults(seed, seconds, { replicas: count, trainers: trainers.length });
    const counts = new Map<Kind, number>();
    begun = performance.now();
    // On a machine that is slow a fault may take longer than it was drawn for.
    const under = new Map<string, Promise<void>>();
    for (const fault of faults) {
      await wait(Math.max(0, fault.at * 1000 - (performance.now() - begun)));
      await under.get(placeOf(fault));
      await advanced(trainers);
      say(told(fault));
      counts.set(fault.kind, (counts.get(fault.kind) ?? 0) + 1);
      const failed = (error: Error): void => onFinding(`${fault.kind}: ${error.stack}`);
      under.set(placeOf(fault), befall(world, fault).catch(failed));
    }
    await Promise.all(under.values());
    // After the last fault each of them gets on, and then everything is given back.
    await Promise.all(trainers.map((trainer) => trainer.end()));
    for (const replica of replicas) await replica.settled(30);
    await Promise.all(replicas.map((replica) => replica.close()));
    await leftovers(mark, onFinding);
    const peakMiB = Math.max(...replicas.map((replica) => replica.peakMiB));
    if (peakMiB > mostMiB) onFinding(`a replica had ${peakMiB} MiB resident, and ${mostMiB} are its bound`);
    const batches = trainers.reduce((sum, trainer) => sum + trainer.batches, 0);
    const longestWait = Math.max(...trainers.map((trainer) => trainer.longestWait));
    return { faults: counts, batches, longestWait, peakMiB, findings };
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, interrupted);
    end();
  }
}

/** Seconds for which the next fault waits at the most, on a machine where what ended takes that long to be back. */
const longestPause = 60;

/** Settles once a trainer has got a batch: faults that come faster than replicas can start would only show that there are none. */
async function advanced(trainers: readonly NemesisTrainer[]): Promise<void> {
  const sum = (): number => trainers.reduce((batches, trainer) => batches + trainer.batches, 0);
  const before = sum();
  const end = performance.now() + longestPause * 1000;
  while (sum() === before && performance.now() < end) await wait(20);
}

/** The batches of every share, of one replica that nothing befalls, and that no link and no certificate stands before. */
async function undisturbedRun({ config }: Sources, mark: NodeJS.ProcessEnv): Promise<Undisturbed> {
  const server = await startServer('serve', ['--config', config, '--workers', '1', '--backend', 'simd'], {
    env: { ...mark, ...deadly },
  });
  const found = new Map<string, Taken[][]>();
  try {
    for (const task of tasks) {
      const { run, rank, worldSize } = task;
      const name = shareOf(task);
      if (found.has(name)) continue;
      const options = { address: server.address, run, rank, worldSize };
      const trainer = new Trainer({ after: () => {} }, 'TypeScript', [], options);
      found.set(name, []);
      for (let epoch = 0; epoch < epochs; epoch++) found.get(name)!.push(await trainer.epoch(epoch));
      trainer.process.stdin!.end();
      await ended(trainer.process);
    }
  } finally {
    await server.stop();
  }
  const samples = [...found.values()].flat(2).flatMap((taken) => taken.samples);
  if (samples.some((sample) => sample.includes(deadlyFile))) throw new Error(`${deadlyFile} did not kill its decoders`);
  return found;
}

interface Files {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
  /** The clients that may call, and the token of the only one. */
  readonly tokens: string;
  readonly tokenFile: string;
}

async function makeCertificates(folder: string): Promise<Files> {
  makeAuthority(folder, 'authority');
  const [certificate, key] = [join(folder, 'server.pem'), join(folder, 'server.key')];
  const [tokens, tokenFile] = [join(folder, 'tokens.yaml'), join(folder, 'token')];
  const files = { authority: join(folder, 'authority.pem'), certificate, key, tokens, tokenFile };
  const token = randomBytes(32).toString('hex');
  await writeFile(tokenFile, token);
  const hashes = [createHash('sha256').update(token).digest('hex')];
  await writeFile(tokens, JSON.stringify({ clients: { trainers: { tokens: hashes } } }));
  for (const name of ['new', 'other']) makeCertificate(folder, name, 'authority');
  await copyFile(join(folder, 'new.pem'), certificate);
  await copyFile(join(folder, 'new.key'), key);
  return files;
}

interface World {
  readonly folder: string;
  readonly sources: Sources;
  readonly replicas: readonly NemesisReplica[];
  readonly trainers: readonly NemesisTrainer[];
  readonly files: Files;
  readonly addresses: string;
  readonly mark: NodeJS.ProcessEnv;
}

/** Seconds that a clock is off at the most: a replica's ten years; a trainer's 20 hours, as it must find certificates of two days good. */
const [replicaClock, trainerClock] = [3e8, 72_000];

/** One fault, from its beginning to its end. */
async function befall(world: World, { kind, place, seconds, amount }: Fault): Promise<void> {
  const { replicas, trainers, folder, files } = world;
  const { storage } = world.sources;
  const [replica, trainer] = [replicas[place]!, trainers[place]!];
  const lasting = () => wait(seconds * 1000);
  const during = async (act: (isOn: boolean) => unknown): Promise<void> => {
    await act(true);
    await lasting();
    await act(false);
  };
  const sound = { kind: 'sound' } as const;
  switch (kind) {
    case 'replica killed':
    case 'replica drained':
      await replica.stop(kind === 'replica killed' ? 'SIGKILL' : 'SIGTERM');
      await lasting();
      return replica.again();
    case 'replica stopped':
      return during((isOn) => replica.suspend(isOn));
    case 'link cut':
    case 'link stalled':
      return during((isOn) => {
        replica.link.quality = isOn ? { kind: kind === 'link cut' ? 'cut' : 'stalled' } : sound;
      });
    case 'link slow':
      return during((isOn) => {
        replica.link.quality = isOn ? { kind: 'slow', milliseconds: 500 * amount } : sound;
      });
    case 'link trickling':
      return during((isOn) => {
        replica.link.quality = isOn ? { kind: 'trickling', bytesPerSecond: 1_000 + 30_000 * amount } : sound;
      });
    case 'cache disk full':
      return during((isOn) => replica.fillDisk(isOn));
    case 'cache folder removed':
      return replica.removeCache();
    case 'clock of a replica jumps':
      return during((isOn) => setClock(replica.clockFile, isOn ? (amount - 0.5) * 2 * replicaClock : 0));
    case 'clock of a trainer jumps':
      return during((isOn) => setClock(trainer.clockFile, isOn ? amount * trainerClock : 0));
    case 'storage slow':
      return during((isOn) => {
        storage.health = isOn ? { kind: 'slow', milliseconds: 2_000 * amount } : sound;
      });
    case 'storage hung':
      return during((isOn) => {
        storage.health = isOn ? { kind: 'hung' } : sound;
      });
    case 'storage failing':
      return during((isOn) => {
        storage.health = isOn ? { kind: 'failing', part: amount } : sound;
      });
    case 'trainer killed':
      return trainer.kill(seconds);
    case 'trainer stopped':
      return during((isOn) => trainer.suspend(isOn));
    case 'overload':
      return overload(world, 2 + Math.floor(amount * 6), lasting);
    case 'certificate renewed':
    case 'certificate and key that do not fit': {
      const name = amount < 0.5 ? 'new' : 'other';
      makeCertificate(folder, name, 'authority');
      replace(join(folder, `${name}.pem`), files.certificate);
      if (kind !== 'certificate renewed') await lasting();
      return replace(join(folder, `${name}.key`), files.key);
    }
  }
}

/** More clients than there is room for, for a while. */
async function overload(
  { addresses, files, mark }: World,
  clients: number,
  lasting: () => Promise<void>,
): Promise<void> {
  const script = fileURLToPath(new URL('./nemesis/crowd.js', import.meta.url));
  const crowd: ChildProcess = spawn(
    process.execPath,
    [script, addresses, files.authority, files.tokenFile, String(clients)],
    {
      env: { ...process.env, ...mark },
      stdio: 'ignore',
    },
  );
  await lasting();
  crowd.kill('SIGKILL');
  await ended(crowd);
}

function replace(from: string, to: string): void {
  renameSync(from, to);
}

/** Processes of this run that are there yet: of those that have ended none may be left. */
async function leftovers(mark: NodeJS.ProcessEnv, onFinding: (finding: string) => void): Promise<void> {
  const end = performance.now() + 35_000;
  while (marked(mark).length > 0 && performance.now() < end) await wait(200);
  for (const { command } of marked(mark)) onFinding(`a process is left: ${command}`);
}

/** The processes that have the mark of this run, but for this one. */
function marked({ TRIBUTARY_NEMESIS }: NodeJS.ProcessEnv): { command: string; kill: () => void }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      if (!readFileSync(`/proc/${name}/environ`, 'utf8').includes(`TRIBUTARY_NEMESIS=${TRIBUTARY_NEMESIS}`)) return [];
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return [{ command, kill: () => void process.kill(Number(name), 'SIGKILL') }];
    } catch {
      // It has ended, or is another user's.
      return [];
    }
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '2' },
      replicas: { type: 'string', default: '3' },
      plan: { type: 'boolean', default: false },
    },
  });
  const [seed, seconds, replicas] = [Number(values.seed), Number(values.minutes) * 60, Number(values.replicas)];
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  if (values.plan) {
    for (const fault of drawFaults(seed, seconds, { replicas, trainers: tasks.length })) say(told(fault));
    return;
  }
  const report = await nemesis({ seed, seconds, replicas, say });
  say('\n| fault | times |\n|---|---|');
  for (const [kind, times] of [...report.faults].sort()) say(`| ${kind} | ${times} |`);
  say(
    `\n${report.batches} batches compared; the longest wait for one ${report.longestWait.toFixed(1)} s; ` +
      `at most ${report.peakMiB.toFixed(0)} MiB resident in a replica; ${report.findings.length} findings.`,
  );
  for (const finding of report.findings) say(`FOUND: ${finding}`);
  if (report.findings.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
