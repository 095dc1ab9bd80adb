import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseConfig } from '../../src/run/config.js';
import { faultsOf, optionOf, pathOf, textOf } from './project-files.js';

const lines = textOf('Dockerfile')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n');
const instructions = lines.filter((line) => /^[A-Z]+ /.test(line));
const stages = instructions.filter((line) => line.startsWith('FROM')).map((line) => line.split(' ').at(-1));
const last = (instruction: string) => instructions.findLast((line) => line.startsWith(`${instruction} `))!;
const list = (line: string): string[] => JSON.parse(line.slice(line.indexOf('[')));

const ready = pathOf('deploy/docker/ready.sh');

let work: string;
let printer: string;

before(() => {
  work = mkdtempSync(join(tmpdir(), 'entry-'));
  printer = join(work, 'print.mjs');
  writeFileSync(
    printer,
    'console.log(JSON.stringify({ args: process.argv.slice(2), env: process.env, pid: process.pid }));',
  );
});
after(() => rmSync(work, { recursive: true, force: true }));

/** Runs the image's entry script with a program that prints what it was given. */
function enter(env: Record<string, string>, args = ['serve', '--listen', 'a b']) {
  const result = spawnSync(pathOf('deploy/docker/entry.sh'), args, {
    encoding: 'utf8',
    env: { PATH: process.env.PATH!, TMPDIR: work, TRIBUTARY_APP: pathOf('.'), TRIBUTARY_MAIN: printer, ...env },
  });
  return { ...result, seen: result.status === 0 ? JSON.parse(result.stdout) : null };
}

test('the entry script passes its arguments on and is replaced by Node.js, so that signals reach it', () => {
  const { seen, pid } = enter({});
  assert.deepEqual(seen.args, ['serve', '--listen', 'a b']);
  assert.equal(seen.pid, pid);
});

test('the allocator can be chosen, and a wrong name is refused', () => {
  const plain = enter({ TRIBUTARY_MALLOC: 'malloc' }).seen.env;
  assert.equal(plain.MALLOC_ARENA_MAX, '2');
  assert.equal(plain.LD_PRELOAD, undefined);
  assert.equal(enter({}).seen.env.MALLOC_ARENA_MAX, undefined);
  const wrong = enter({ TRIBUTARY_MALLOC: 'jmalloc' });
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /expected TRIBUTARY_MALLOC to be jemalloc or malloc, but got jmalloc/);
});

test('without a command it serves drawn pictures, and says so', () => {
  const { seen, stderr } = enter({}, []);
  assert.match(stderr, /^tributary: no command was given, so this serves drawn pictures/);
  assert.deepEqual(faultsOf(seen.args), []);
  const path = optionOf(seen.args, '--config')!;
  const config = parseConfig(readFileSync(path, 'utf8'), { folder: dirname(path), name: path });
  assert.ok(config.index.startsWith(work));
  for (const source of Object.values(config.sources)) assert.ok(existsSync(source.path), source.path);
  assert.deepEqual(
    ['--index-missing', '--insecure'].filter((flag) => !seen.args.includes(flag)),
    [],
  );
});

/** The exit code of a command, and the seconds of CPU that it took. */
async function timed(...command: string[]): Promise<{ code: number; seconds: number }> {
  const child = spawn('bash', ['-c', '"$@" >/dev/null 2>&1; code=$?; times; exit $code', 'timed', ...command]);
  let times = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    times += text;
  });
  const [code] = await once(child, 'close');
  const parts = times
    .trim()
    .split('\n')
    .at(-1)!
    .matchAll(/(\d+\.\d+)s/g);
  return { code, seconds: [...parts].reduce((sum, [, text]) => sum + Number(text), 0) };
}

test('the probe is the answer of /readyz, and costs next to nothing', async (t) => {
  let status = 200;
  const server = createServer(({ url }, response) => response.writeHead(url === '/readyz' ? status : 404).end());
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = String((server.address() as AddressInfo).port);
  // Five at a time, as the clock of a process ticks too slowly for one; and by the side of Node, as machines differ.
  const probes = await timed('bash', '-c', `for i in 1 2 3 4 5; do "${ready}" ${port} || exit 1; done`);
  assert.equal(probes.code, 0);
  const node = await timed(process.execPath, '-e', '0');
  assert.ok(
    probes.seconds < 2 * node.seconds,
    `5 probes take ${probes.seconds} s, and a start of Node ${node.seconds} s`,
  );
  status = 503;
  assert.equal((await timed(ready, port)).code, 1);
  assert.equal((await timed(ready, '1')).code, 1);
});

test('the image starts the command line, as a user without rights', () => {
  assert.deepEqual(list(last('ENTRYPOINT')), ['tini', '--', '/app/deploy/docker/entry.sh']);
  assert.doesNotMatch(textOf('Dockerfile'), /^# *syntax=/m, 'which would fetch a frontend');
  assert.ok(statSync(pathOf('deploy/docker/entry.sh')).mode & 0o111);
  assert.ok(statSync(ready).mode & 0o111);
  assert.equal(list(lines.find((line) => line.startsWith('HEALTHCHECK'))!)[0], 'tributary-ready');
  const { bin } = JSON.parse(textOf('package.json'));
  assert.ok(textOf('deploy/docker/entry.sh').includes(`:-$app/${bin.tributary}}`));
  assert.ok(existsSync(pathOf(bin.tributary)), bin.tributary);
  assert.equal(last('USER'), 'USER node');
});

test('what the entry script uses is in the image', () => {
  const used = [...textOf('deploy/docker/entry.sh').matchAll(/\$app\/([\w./-]+)/g)].map(([, path]) => path!);
  assert.ok(used.length >= 3, String(used));
  const base = lines.slice(lines.findIndex((line) => line.endsWith('AS base')));
  const copied = base
    .filter((line) => /^COPY .* \.\//.test(line))
    .flatMap((line) => line.split(' ').slice(1, -1))
    .map((path) => path.replace(/^\/app\//, ''));
  for (const path of used)
    assert.ok(
      copied.some((one) => path === one || path.startsWith(`${one}/`)),
      `${path} is not among ${copied}`,
    );
});

test('the default target is the one without a graphics library', () => {
  assert.deepEqual(stages, ['deps', 'build', 'base', 'gpu', 'runtime']);
  const gpu = instructions.slice(instructions.findIndex((line) => line.endsWith('AS gpu')));
  assert.ok(gpu.some((line) => line.includes('libvulkan1')));
  assert.equal(instructions.filter((line) => line.includes('libvulkan1')).length, 1);
  assert.ok(instructions.filter((line) => line.includes('npm ci')).every((line) => line.includes('--ignore-scripts')));
});

test('what the image copies from the project exists and is not ignored', () => {
  const allowed = textOf('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  const copies = instructions.filter((line) => line.startsWith('COPY') && !line.includes('--from='));
  const sources = copies.flatMap((line) =>
    line
      .split(' ')
      .slice(1, -1)
      .filter((word) => !word.startsWith('--')),
  );
  assert.ok(sources.length > 8);
  for (const source of sources) {
    assert.ok(existsSync(pathOf(source)), source);
    assert.ok(
      allowed.some((entry) => entry === source || source.startsWith(`${entry}/`) || entry.startsWith(`${source}/`)),
      source,
    );
  }
});

test("the image's own config is read by the code", () => {
  const config = parseConfig(textOf('deploy/docker/tributary.yaml'), {
    folder: '/etc/tributary',
    name: 'tributary.yaml',
  });
  assert.equal(Object.keys(config.sources).length, 7);
});
