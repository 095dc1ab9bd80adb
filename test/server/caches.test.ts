import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Loader } from '../../src/client/loader.js';
import { indexedSamples, type ServerProcess, sevenRun, startServer, temporaryFolder, tributary } from '../fleet.js';

const run = { run: 'name', name: 'seven' } as const;

async function replica(t: TestContext, config: string, args: readonly string[] = []): Promise<ServerProcess> {
  return startServer(t, 'serve', ['--config', config, '--metrics-listen', '127.0.0.1:0', ...args]);
}

/** What a trainer sees of these epochs: each batch's CRC-32 and the digest of its header. */
async function epochs(t: TestContext, { address }: ServerProcess, which: readonly number[]): Promise<string[]> {
  const loader = await Loader.connect({ address, run });
  t.after(() => loader.close());
  const seen: string[] = [];
  for (const epoch of which)
    for await (const { crc32, header } of loader.batches(epoch)) {
      const substituted = header.samples.filter(({ status }) => status === 'SAMPLE_STATUS_SUBSTITUTED').length;
      const digest = createHash('sha256').update(JSON.stringify(header)).digest('hex').slice(0, 16);
      seen.push(`${epoch}/${header.step}: ${crc32} ${digest} ${substituted} substituted`);
    }
  return seen;
}

/** The metrics whose names start so. */
async function metrics({ metricsPort }: ServerProcess): Promise<Map<string, number>> {
  const text = await new Promise<string>((resolve, reject) => {
    get(`http://127.0.0.1:${metricsPort}/metrics`, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      response.once('end', () => resolve(body));
    }).once('error', reject);
  });
  const lines = text.split('\n').filter((line) => line.startsWith('tributary_cache'));
  return new Map(
    lines.map((line) => [line.split(' ')[0]!.replaceAll('tributary_cache_', ''), Number(line.split(' ')[1])]),
  );
}

async function hits(server: ServerProcess, cache: string): Promise<{ hit: number; miss: number }> {
  const all = await metrics(server);
  const of = (result: string) => all.get(`requests_total{cache="${cache}",result="${result}"}`) ?? 0;
  return { hit: of('hit'), miss: of('miss') };
}

/** The sample set with a damaged file in it, whose place is taken by another. */
async function damagedSamples(t: TestContext): Promise<string> {
  const config = await indexedSamples(t, { seven: sevenRun({ sample_t: 0 }) });
  const folder = join(dirname(config), 'flickr', 'paired', 'train');
  const name = (await readdir(folder)).filter((file) => file.endsWith('.jpg')).sort()[1]!;
  const file = await open(join(folder, name), 'r+');
  await file.write(Buffer.alloc(64), 0, 64, 0);
  await file.close();
  return config;
}

async function cachedFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name !== 'used')
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

test('epochs are the same bytes with every combination of caches, cold, warm and after a restart', async (t) => {
  const config = await damagedSamples(t);
  const plain = await replica(t, config);
  const expected = await epochs(t, plain, [0, 1]);
  assert.deepEqual([...(await metrics(plain)).keys()], [], 'caches are off by default');
  await plain.stop();
  assert.ok(
    expected.some((line) => line.endsWith('1 substituted')),
    'no sample was substituted',
  );
  const folder = await temporaryFolder(t);
  const kinds: Readonly<Record<string, (at: number) => string[]>> = {
    memory: () => ['--cache-memory', '64MiB'],
    disk: (at) => ['--cache-folder', join(folder, `${at}`), '--cache-disk', '64MiB'],
    decoded: () => ['--cache-decoded', '512MiB'],
  };
  for (let which = 1; which < 8; which++) {
    const names = Object.keys(kinds).filter((_, bit) => (which >> bit) & 1);
    const flags = names.flatMap((name) => kinds[name]!(which));
    // Photometric operations on gpu.js take another way through the worker threads.
    const backend = which === 7 ? ['--backend', 'cpu'] : [];
    const lives = which === 2 || which === 7 ? ['first', 'second'] : ['first'];
    for (const life of lives) {
      const server = await replica(t, config, [...flags, ...backend, '--workers', life === 'first' ? '2' : '3']);
      assert.deepEqual(await epochs(t, server, [0, 1]), expected, `${names}, ${life} life`);
      const nearest = names.includes('decoded') ? 'decoded' : names.includes('memory') ? 'memory' : 'disk';
      assert.ok((await hits(server, nearest)).hit > 40, `${nearest} of ${names}, ${life} life`);
      if (names.includes('disk') && life === 'second') {
        const disk = await hits(server, 'disk');
        assert.ok(disk.hit > 40 && disk.miss === 0, `${JSON.stringify(disk)} of the disk, second life`);
      }
      await server.stop();
    }
  }
});

test('caches of odd sizes, down to less than one image, cost nothing but time', async (t) => {
  const config = await damagedSamples(t);
  const plain = await replica(t, config);
  const expected = await epochs(t, plain, [0, 1]);
  await plain.stop();
  const folder = join(await temporaryFolder(t), 'cache');
  for (const size of ['1', '10KiB', '300KiB']) {
    const flags = ['--cache-memory', size, '--cache-decoded', size, '--cache-folder', folder, '--cache-disk', size];
    const server = await replica(t, config, flags);
    assert.deepEqual(await epochs(t, server, [0, 1]), expected, size);
    const all = await metrics(server);
    for (const cache of ['memory', 'disk', 'decoded']) {
      const [bytes, budget] = [`bytes{cache="${cache}"}`, `budget_bytes{cache="${cache}"}`].map(
        (name) => all.get(name)!,
      );
      assert.ok(bytes! <= budget!, `${cache}: ${bytes} of ${budget}`);
    }
    await server.stop();
    assert.ok(!server.log.some(({ level }) => (level as number) > 40));
  }
});

test('a cache folder damaged in every way, or deleted under way, is read past and mended', async (t) => {
  const config = await damagedSamples(t);
  const folder = join(await temporaryFolder(t), 'cache');
  const flags = ['--cache-folder', folder, '--cache-disk', '64MiB'];
  const first = await replica(t, config, flags);
  const expected = await epochs(t, first, [2]);
  await first.stop();
  const files = await cachedFiles(folder);
  assert.ok(files.length > 40);
  for (const [at, path] of files.entries()) {
    if (at % 6 === 0) await truncate(path, 100);
    else if (at % 6 === 1) await writeFile(path, Buffer.alloc((await readFile(path)).length));
    else if (at % 6 === 2)
      await writeFile(
        path,
        (await readFile(path)).map((byte, i) => (i === 999 ? byte ^ 1 : byte)),
      );
    else if (at % 6 === 3) await writeFile(path, await readFile(files[0]!));
    else if (at % 6 === 4) await rm(path);
  }
  const second = await replica(t, config, flags);
  assert.deepEqual(await epochs(t, second, [2]), expected);
  const damaged = (await metrics(second)).get('damaged_total')!;
  assert.ok(damaged >= (files.length * 4) / 6 - 4, `${damaged} of ${files.length} found damaged`);
  assert.equal(second.log.filter(({ msg }) => `${msg as string}`.includes('damaged')).length, 1);
  assert.deepEqual(await cachedFiles(folder), files);
  await rm(folder, { recursive: true });
  // Another epoch, as finished batches are kept for a while.
  await epochs(t, second, [1]);
  await second.stop();
  const third = await replica(t, config, flags);
  assert.deepEqual(await epochs(t, third, [2]), expected);
  assert.equal((await hits(third, 'disk')).miss, 0);
});

test('replicas that share a folder, one killed while it fills it, send the same bytes and leave it whole', async (t) => {
  const config = await damagedSamples(t);
  const folder = join(await temporaryFolder(t), 'cache');
  const flags = ['--cache-folder', folder, '--cache-disk', '64MiB'];
  const plain = await replica(t, config);
  const expected = await epochs(t, plain, [0]);
  const [victim, ...others] = await Promise.all([1, 2, 3].map(() => replica(t, config, flags)));
  const dying = epochs(t, victim!, [0]).catch(() => {});
  const seen = Promise.all(others.map((server) => epochs(t, server, [0])));
  // Whichever of the three comes first stores a file; the others find it. The victim is in the middle either way.
  for (let asked = { hit: 0, miss: 0 }; asked.hit + asked.miss < 4; ) asked = await hits(victim!, 'disk');
  await victim!.stop('SIGKILL');
  for (const epoch of await seen) assert.deepEqual(epoch, expected);
  void dying;
  for (const server of others) await server.stop();
  const again = await replica(t, config, flags);
  assert.deepEqual(await epochs(t, again, [0]), expected);
  assert.deepEqual([(await hits(again, 'disk')).miss, (await metrics(again)).get('damaged_total')], [0, 0]);
});

test('a full disk and a folder that cannot be are warned of once, and the stream goes on', async (t) => {
  const config = await damagedSamples(t);
  const plain = await replica(t, config);
  const expected = await epochs(t, plain, [0, 1]);
  await plain.stop();
  const root = await temporaryFolder(t);
  await writeFile(join(root, 'file'), 'no folder');
  const cases = [join(root, 'file')];
  const small = join(root, 'small');
  const isMounted = mounted(small);
  if (isMounted) cases.push(small);
  else t.diagnostic('no right to mount a small file system: a full disk was not tested');
  try {
    for (const folder of cases) {
      const server = await replica(t, config, ['--cache-folder', folder, '--cache-disk', '64MiB']);
      assert.deepEqual(await epochs(t, server, [0, 1]), expected, folder);
      const warnings = server.log.filter(({ msg }) => `${msg as string}`.includes('cache folder cannot be written'));
      assert.equal(warnings.length, 1, JSON.stringify(server.log));
      await server.stop();
      if (folder === small) assert.ok((await cachedFiles(folder)).every((path) => !path.endsWith('.part')));
    }
  } finally {
    if (isMounted) execFileSync('umount', ['-l', small]);
  }
});

test('a command line with half a disk cache is refused', async (t) => {
  const config = await indexedSamples(t);
  for (const flags of [
    ['--cache-disk', '1GiB'],
    ['--cache-folder', 'x'],
    ['--cache-memory', 'much'],
    ['--cache-memory', '4000TiB'],
  ]) {
    const { code, stderr } = await tributary(['serve', '--listen', '127.0.0.1:0', '--config', config, ...flags]);
    assert.notEqual(code, 0);
    assert.match(stderr, /cache-/);
    assert.ok(!stderr.includes('    at '), stderr);
  }
});

/** Mounts a file system of 128 KiB; false where this process may not. */
function mounted(folder: string): boolean {
  try {
    const script = 'mkdir "$1" && mount -t tmpfs -o size=128k tmpfs "$1"';
    execFileSync('sh', ['-c', script, 'sh', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
