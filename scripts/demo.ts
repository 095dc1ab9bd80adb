import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { ended, main, startServer } from './server-process.js';

const maker = fileURLToPath(new URL('./make-sample-set.js', import.meta.url));
const out = 'out/demo';
const running = new Set<ChildProcess>();

function say(text: string): void {
  process.stdout.write(`\n==> ${text}\n`);
}

/** Runs a command to its end, its output shown. */
async function run(...args: string[]): Promise<void> {
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  running.add(child);
  const code = await ended(child);
  running.delete(child);
  if (code !== 0) throw new Error(`${args.slice(1).join(' ')} ended with ${code}`);
}

/** Starts a server; resolves with its address once it serves. */
async function start(name: string, command: 'serve' | 'schedule', ...args: string[]): Promise<string> {
  const { address, serving } = await startServer(command, args, { onSpawn: (child) => running.add(child) });
  const backend = serving.backend === undefined ? '' : `, backend ${serving.device}`;
  process.stdout.write(`${name} listens on ${address}${backend}\n`);
  return address;
}

async function stopAll(): Promise<void> {
  for (const child of running) child.kill('SIGTERM');
  await Promise.all([...running].map(ended));
}

/** A config for a folder whose subfolders are sources. */
async function configFor(folder: string): Promise<string> {
  const own = join(folder, 'tributary.yaml');
  if (existsSync(own)) return own;
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name);
  if (names.length === 0) throw new Error(`expected sources as subfolders of ${folder}, but it has none`);
  const named = names.map((name) => ({ name: name.replace(/[^A-Za-z0-9._-]/g, '-'), path: join(folder, name) }));
  const sources = Object.fromEntries(
    named.sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ name, path }) => [name, { path }]),
  );
  const demo = {
    recipe: 'dinov3',
    sources: Object.keys(sources),
    sample_t: 0.5,
    seed: 0,
    image_size: 224,
    global_batch: 32,
    epochs: 2,
    wd_end: 0.2,
  };
  const file = join(out, 'tributary.yaml');
  await writeFile(file, stringify({ sources, runs: { demo } }));
  return file;
}

async function demo(folder: string | undefined): Promise<void> {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const data = folder ?? join(out, 'sample-set');
  if (folder === undefined) {
    say(`Drawing a sample set of seven sources into ${data}`);
    await run(maker, data);
  }
  const config = await configFor(data);
  say(`Indexing the sources of ${config}`);
  await run(main, 'index', '--config', config);
  say('Starting a schedule endpoint and two replicas');
  const schedule = await start('schedule', 'schedule', '--config', config);
  const first = await start('replica 1', 'serve', '--config', config);
  const second = await start('replica 2', 'serve', '--config', config, '--backend', 'webasm');
  say('Feeding a trainer for two epochs');
  await run(main, 'train', '--address', `${first},${second}`, '--schedule', schedule, '--run', 'demo');
  say('Replaying a batch: fetched from replica 1, asked for again from replica 2');
  await run(main, 'fetch', '--address', first, '--run', 'demo', '--epoch', '1', '--step', '0', '--out', out);
  const header = (await readdir(out)).find((name) => name.endsWith('.json'))!;
  await run(main, 'replay', join(out, header), '--address', second);
  const sheet = join(out, 'contact-sheet.png');
  say(`Drawing a contact sheet, originals beside what the batch holds: ${sheet}`);
  await run(main, 'preview', '--config', config, '--run', 'demo', '--images', '16', '--out', sheet);
  say(`Stopping everything. The batch and the contact sheet are in ${out}`);
}

process.once('SIGINT', () => void stopAll().then(() => process.exit(130)));
try {
  await demo(process.argv[2]);
} catch (error) {
  process.stderr.write(`demo: ${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  await stopAll();
}
