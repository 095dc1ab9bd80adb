import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import cpus from '../../src/cli/cpus.cjs';
import { temporaryFolder, tributary } from '../fleet.js';

const cores = availableParallelism();

/** A root with these files of control groups. */
async function system(t: TestContext, files: Record<string, string>): Promise<string> {
  const root = await temporaryFolder(t);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), `${text}\n`);
  }
  return root;
}

test('TRIBUTARY_CPUS is what is counted on, and fractions are rounded up', () => {
  assert.equal(cpus('7'), 7);
  assert.equal(cpus('2.5'), 3);
  assert.equal(cpus('0.5'), 1);
  for (const wrong of ['0', '-1', 'two', '1e3'])
    assert.throws(() => cpus(wrong), /TRIBUTARY_CPUS to be a number/, wrong);
});

test('a quota of control groups counts, in version 2 and 1, of this group and of those around it', async (t) => {
  const half = { 'sys/fs/cgroup/cpu.max': '50000 100000' };
  assert.equal(cpus('', await system(t, half)), 1);
  const unit = { 'proc/self/cgroup': '0::/a.slice/b.service', 'sys/fs/cgroup/a.slice/b.service/cpu.max': 'max 100000' };
  assert.equal(cpus('', await system(t, unit)), cores);
  assert.equal(cpus('', await system(t, { ...unit, 'sys/fs/cgroup/a.slice/cpu.max': '90000 100000' })), 1);
  const old = {
    'proc/self/cgroup': '5:memory:/x\n4:cpu,cpuacct:/docker/1',
    'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000',
  };
  assert.equal(cpus('', await system(t, { ...old, 'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '100000' })), 1);
  assert.equal(cpus('', await system(t, { ...old, 'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1' })), cores);
  assert.equal(cpus('', await system(t, { 'sys/fs/cgroup/cpu.max': `${cores}50000 100000` })), cores);
  assert.equal(cpus('', await system(t, {})), cores);
});

test('a number of CPUs that is none ends every command with one line', async () => {
  const { code, stderr } = await tributary(['plan', '--help'], { env: { TRIBUTARY_CPUS: 'many' } });
  assert.equal(code, 2);
  assert.match(stderr, /^tributary: expected TRIBUTARY_CPUS .* but got many\..*\n$/);
});
