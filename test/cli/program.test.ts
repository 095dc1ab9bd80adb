import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { indexedSamples, sevenRun } from '../fleet.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const main = join(root, 'dist/src/cli/main.cjs');
const runs = {
  whole: sevenRun({ image_size: 48, sample_t: 0 }),
};

test('the first line is enough for a reader such as head', async (t) => {
  const cwd = dirname(await indexedSamples(t, runs));
  const command = `node ${main} plan --run whole --epoch 0 --steps 0..6 | head -n 1; echo "codes \${PIPESTATUS[@]}"`;
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', command], { cwd });
  assert.equal(stderr, '');
  assert.match(stdout, /^\{"epoch":0,"step":0,.*\}\ncodes 0 0\n$/);
});

test('npx starts the command of a checkout', async () => {
  const { bin } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  assert.equal(join(root, bin.tributary), main);
  const { stdout } = await promisify(execFile)('npx', ['--no-install', 'tributary', '--version'], { cwd: root });
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

test('the help lists every command, and each of them is loaded by its own name', async () => {
  const run = async (...args: string[]) => (await promisify(execFile)(process.execPath, [main, ...args])).stdout;
  const listed = [...(await run('--help')).matchAll(/^ {2}([a-z]+) \[options\]/gm)].map(([, name]) => name);
  const all = 'serve schedule index plan fetch replay train augment preview find mixture diff bench health';
  assert.deepEqual(listed, all.split(' '));
  for (const name of ['serve', 'index', 'health'])
    assert.match(await run(name, '--help'), new RegExp(`tributary ${name} `));
});

test('a health check loads no schema of configs, no images and no kernels', async () => {
  const command = `"$0" ${main} health --address 127.0.0.1:1 2>/dev/null; times`;
  const costs = async (line: string): Promise<number> => {
    const { stdout } = await promisify(execFile)('bash', ['-c', line, process.execPath]);
    const [user, system] = [
      ...stdout
        .trim()
        .split('\n')
        .at(-1)!
        .matchAll(/(\d+)m([\d.]+)s/g),
    ].map(([, m, s]) => Number(m) * 60 + Number(s));
    return user! + system!;
  };
  const health = await costs(command);
  const help = await costs(`"$0" ${main} --help >/dev/null; times`);
  assert.ok(health < help * 0.7, `health takes ${health} s of CPU, and all commands ${help} s`);
});

test('a folder that is gone is refused in words, before anything is served', async () => {
  const command = `cd "$(mktemp -d)" && rmdir "$PWD" && exec "$0" ${main} serve --listen 127.0.0.1:0`;
  await assert.rejects(promisify(execFile)('bash', ['-c', command, process.execPath]), {
    code: 2,
    stdout: '',
    stderr: /^tributary: expected to run in a folder that exists, but got one that has been removed[^\n]*\n$/,
  });
});
