import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Debian's chromium-common ships a software Vulkan device; where it is installed these tests must run. */
const swiftshader = '/usr/lib/chromium';
const installed = existsSync(`${swiftshader}/libvk_swiftshader.so`);

const child = fileURLToPath(new URL('./webgpu-child.js', import.meta.url));

function run(choice: string, env: Record<string, string>, script = child) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, choice], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: 120_000,
  });
  return { status, stdout, stderr };
}

const software = {
  VK_ICD_FILENAMES: `${swiftshader}/vk_swiftshader_icd.json`,
  LD_LIBRARY_PATH: swiftshader,
};

test('webgpu on a software device is Pillow’s, at every size, and prints nothing', { skip: !installed }, () => {
  const { status, stdout, stderr } = run('webgpu', software);
  assert.equal(status, 0, stderr);
  const lines = stdout.trim().split('\n');
  assert.equal(lines.length, 1, stdout);
  const { name, description } = JSON.parse(lines[0]!);
  assert.equal(name, 'webgpu');
  assert.match(description, /^webgpu \(fused-encoder\) on google, swiftshader/);
});

test('an error of the device fails every batch under way when it is reported, and none after', {
  skip: !installed,
}, () => {
  const script = fileURLToPath(new URL('./guard-child.js', import.meta.url));
  const { status, stdout, stderr } = run('webgpu', software, script);
  assert.equal(status, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), { guard: 'held' });
});

const noDevice = { VK_ICD_FILENAMES: '/nonexistent.json', VK_DRIVER_FILES: '/nonexistent.json' };

/** A driver that the Vulkan loader cannot load, of which it and Dawn write several lines. */
const brokenDriver = join(mkdtempSync(join(tmpdir(), 'tributary-')), 'broken.json');
writeFileSync(
  brokenDriver,
  JSON.stringify({ file_format_version: '1.0.0', ICD: { library_path: '/nonexistent.so', api_version: '1.1.0' } }),
);
after(() => rmSync(dirname(brokenDriver), { recursive: true }));

test('what the Vulkan loader and Dawn say is a part of the error, and not printed beside it', {
  skip: !installed,
}, () => {
  const { status, stdout, stderr } = run('webgpu', { ...software, VK_ICD_FILENAMES: brokenDriver });
  assert.deepEqual({ status, stdout }, { status: 1, stdout: '' });
  assert.doesNotMatch(stderr, /^Warning/m);
  assert.match(stderr, /BACKEND_UNAVAILABLE/);
});

test('webgpu without a device is refused, never replaced', () => {
  const { status, stdout, stderr } = run('webgpu', noDevice);
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /expected the backend webgpu to run, but got .*no adapter is available.*choose the backend simd/,
  );
  assert.match(stderr, /BACKEND_UNAVAILABLE/);
});

test('auto runs without a device, leaves a software one alone, and prints nothing', () => {
  for (const env of [noDevice, ...(installed ? [software] : [])]) {
    const { status, stdout, stderr } = run('auto', env);
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    const { name, device } = JSON.parse(stdout);
    assert.deepEqual([name, device], ['auto', null]);
  }
});
