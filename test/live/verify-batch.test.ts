import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { indexedSamples, sevenRun, sevenSources, startServer, temporaryFolder, tributary } from '../fleet.js';

const script = fileURLToPath(new URL('../../../scripts/verify_batch.py', import.meta.url));

function verify(config: string, npy: string, ...args: string[]): { status: number | null; said: string } {
  const places = Object.entries(sevenSources().sources).map(([name, path]) => `${name}=${join(dirname(config), path)}`);
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', [script, ...args, npy, ...places], {
    encoding: 'utf8',
  });
  return { status, said: stdout + stderr };
}

test('batches that a replica has sent are stock torchvision’s, sample by sample, and a changed value is found', async (t) => {
  const runs = {
    policy: sevenRun({ recipe: 'default', image_size: 96 }),
    whole: sevenRun({ sources: ['imagenet', 'coco'], split: 'val' }),
  };
  const config = await indexedSamples(t, runs);
  const { address } = await startServer(t, 'serve', ['--config', config]);
  const out = await temporaryFolder(t);
  const fetch = async (run: string, form: string[]): Promise<string> => {
    const folder = join(out, [run, ...form].join(''));
    const { code, stderr } = await tributary([
      'fetch',
      '--address',
      address,
      '--run',
      run,
      '--epoch',
      '0',
      '--step',
      '0',
      ...form,
      '--out',
      folder,
    ]);
    assert.equal(code, 0, stderr);
    return join(folder, (await readdir(folder)).find((name) => name.endsWith('.npy'))!);
  };
  const dinov3 = await fetch('seven', []);
  assert.deepEqual(verify(config, dinov3, '--recipe', 'dinov3'), {
    status: 0,
    said: "8 of 8 samples are torchvision's\n",
  });
  const policy = await fetch('policy', ['--data-type', 'bfloat16', '--layout', 'nchw']);
  assert.deepEqual(verify(config, policy, '--recipe', 'default'), {
    status: 0,
    said: "8 of 8 samples are torchvision's\n",
  });
  const whole = await fetch('whole', ['--data-type', 'float32']);
  assert.equal(verify(config, whole, '--recipe', 'dinov3', '--split', 'val').status, 0);
  const bytes = await readFile(dinov3);
  bytes[bytes.length - 1]! ^= 3;
  await writeFile(dinov3, bytes);
  assert.match(
    verify(config, dinov3, '--recipe', 'dinov3').said,
    /slot 7 .* of 12288 values differ, by up to [234]\n7 of 8 samples/,
  );
});
