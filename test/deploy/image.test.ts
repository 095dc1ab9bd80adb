import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseConfig } from '../../src/run/config.js';
import { faultsOf, pathOf, textOf } from './project-files.js';

const lines = textOf('Dockerfile')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n');
const instructions = lines.filter((line) => /^[A-Z]+ /.test(line));
const stages = instructions.filter((line) => line.startsWith('FROM')).map((line) => line.split(' ').at(-1));
const last = (instruction: string) => instructions.findLast((line) => line.startsWith(`${instruction} `))!;
const list = (line: string): string[] => JSON.parse(line.slice(line.indexOf('[')));

let work: string;
let printer: string;
let quota: string;

before(() => {
  work = mkdtempSync(join(tmpdir(), 'entry-'));
  printer = join(work, 'print.mjs');
  quota = join(work, 'cpu.max');
  writeFileSync(
    printer,
    'console.log(JSON.stringify({ args: process.argv.slice(2), env: process.env, pid: process.pid }));',
  );
});
after(() => rmSync(work, { recursive: true, force: true }));

/** Runs the image's entry script with a program that prints what it was given. */
function enter(env: Record<string, string>, cpuMax = 'max 100000') {
  writeFileSync(quota, `${cpuMax}\n`);
  const result = spawnSync(pathOf('deploy/docker/entry.sh'), ['serve', '--listen', 'a b'], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH!, TRIBUTARY_MAIN: printer, CGROUP_CPU_MAX: quota, ...env },
  });
  return { ...result, seen: result.status === 0 ? JSON.parse(result.stdout) : null };
}

test('the entry script passes its arguments on and is replaced by Node.js, so that signals reach it', () => {
  const { seen, pid } = enter({});
  assert.deepEqual(seen.args, ['serve', '--listen', 'a b']);
  assert.equal(seen.pid, pid);
});

test('threads are four for each CPU and four more, within a quota, and as given', () => {
  const cpus = Number(spawnSync('nproc', { encoding: 'utf8' }).stdout);
  assert.equal(Number(enter({}).seen.env.UV_THREADPOOL_SIZE), 4 * cpus + 4);
  assert.equal(enter({}, '150000 100000').seen.env.UV_THREADPOOL_SIZE, '12');
  assert.equal(enter({ TRIBUTARY_CPUS: '7' }).seen.env.UV_THREADPOOL_SIZE, '32');
  assert.equal(enter({ UV_THREADPOOL_SIZE: '9' }).seen.env.UV_THREADPOOL_SIZE, '9');
});

test('a quota counts where it is below the number of CPUs', () => {
  const many = join(work, 'nproc');
  writeFileSync(many, '#!/bin/sh\necho 64\n', { mode: 0o755 });
  const env = { PATH: `${work}:${process.env.PATH}` };
  assert.equal(enter(env).seen.env.UV_THREADPOOL_SIZE, '260');
  assert.equal(enter(env, '650000 100000').seen.env.UV_THREADPOOL_SIZE, '32');
  assert.equal(enter(env, '9900000 100000').seen.env.UV_THREADPOOL_SIZE, '260');
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

test('the image starts the command line, as a user without rights', () => {
  assert.deepEqual(list(last('ENTRYPOINT')), ['tini', '--', '/app/deploy/docker/entry.sh']);
  assert.ok(statSync(pathOf('deploy/docker/entry.sh')).mode & 0o111);
  assert.deepEqual(faultsOf(list(last('CMD'))), []);
  const health = list(lines.find((line) => line.startsWith('HEALTHCHECK'))!);
  assert.equal(health[0], 'tributary');
  assert.ok(instructions.includes('RUN ln -s /app/deploy/docker/entry.sh /usr/local/bin/tributary'));
  assert.deepEqual(faultsOf(health.slice(1)), []);
  const { bin } = JSON.parse(textOf('package.json'));
  assert.ok(textOf('deploy/docker/entry.sh').includes(`:-/app/${bin.tributary}}`));
  assert.ok(existsSync(pathOf(bin.tributary)), bin.tributary);
  assert.equal(last('USER'), 'USER node');
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
