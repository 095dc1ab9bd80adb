import fs = require('node:fs');
import os = require('node:os');

/** The file of a control group, trimmed; null where there is none. */
function read(path: string): string | null {
  try {
    return fs.readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

/** CPUs that a group may use, of version 2 or 1; infinite where it has no quota. */
function quotaOf(folder: string): number {
  const [quota, period] = (
    read(`${folder}/cpu.max`) ?? `${read(`${folder}/cpu.cfs_quota_us`)} ${read(`${folder}/cpu.cfs_period_us`)}`
  ).split(' ');
  return Number(quota) > 0 ? Number(quota) / Number(period) : Number.POSITIVE_INFINITY;
}

/** This process's group and those around it, where each version mounts them. A container may see its own as the root. */
function groups(root: string): string[] {
  const lines = (read(`${root}/proc/self/cgroup`) ?? '0::/').split('\n').map((line) => line.split(':'));
  return lines.flatMap(([, controllers = '', path = '']) => {
    if (controllers !== '' && !controllers.split(',').includes('cpu')) return [];
    const mounts = controllers === '' ? [''] : [`/${controllers}`, '/cpu'];
    const parts = path.split('/').filter((part) => part !== '');
    const folders = Array.from({ length: parts.length + 1 }, (_, count) => parts.slice(0, count).join('/'));
    return mounts.flatMap((mount) => folders.map((folder) => `${root}/sys/fs/cgroup${mount}/${folder}`));
  });
}

/**
 * The CPUs to count on: `TRIBUTARY_CPUS`, or what the CPU set and the quota of a container, a unit of systemd or a job leave;
 * fractions are rounded up. Node 20 knows no quota.
 *
 * @throws Error where TRIBUTARY_CPUS is no number above 0
 */
function cpus(given = process.env.TRIBUTARY_CPUS, root = ''): number {
  if (given === undefined || given === '')
    return Math.ceil(Math.min(os.availableParallelism(), ...groups(root).map(quotaOf)));
  if (/^\d+(\.\d+)?$/.test(given) && Number(given) > 0) return Math.ceil(Number(given));
  throw new Error(`expected TRIBUTARY_CPUS to be a number above 0, but got ${given}. Give a number such as 4 or 2.5`);
}

export = cpus;
