import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../free-port.js';

// The package is pinned to a version that this version of Node can run.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

const run = promisify(execFile);

/** Why the tests of S3 cannot run here, or false where they can: Debian's radosgw, ceph-mon and ceph-osd. */
export const noRadosgw: string | false = [
  'radosgw',
  'ceph-mon',
  'ceph-osd',
  'ceph',
  'radosgw-admin',
  'monmaptool',
].every((name) => existsSync(`/usr/bin/${name}`))
  ? false
  : 'radosgw, ceph-mon and ceph-osd are not installed';

/** An S3 service with one user. */
export interface S3Server {
  readonly port: number;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Gives the user a second pair of keys, or takes one away. */
  admin(...command: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

/** Starts Ceph with its object gateway: one monitor, one OSD in memory, one radosgw, without authentication between them. */
export async function startRadosgw(): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 'radosgw-'));
  const [mon, port] = [await freePort(), await freePort()];
  const fsid = '11111111-2222-3333-4444-555555555555';
  const osd = '22222222-2222-3333-4444-555555555555';
  await mkdir(join(folder, 'mon'));
  await mkdir(join(folder, 'osd'));
  const conf = join(folder, 'ceph.conf');
  await writeFile(conf, config(folder, fsid, mon, port));
  const daemons: ChildProcess[] = [];
  const tool = async (name: string, ...args: readonly string[]): Promise<string> =>
    (await run(name, ['-c', conf, ...args], { timeout: 60_000 })).stdout;
  const daemon = (name: string, ...args: readonly string[]) => {
    const child = spawn(name, ['-f', '-c', conf, ...args], { stdio: 'ignore' });
    daemons.push(child);
    return child;
  };
  const stop = async (): Promise<void> => {
    for (const child of daemons.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const monmap = join(folder, 'monmap');
    const address = `[v2:127.0.0.1:${mon}]`;
    await tool('monmaptool', '--create', '--clobber', '--addv', 'a', address, '--fsid', fsid, monmap);
    await tool('ceph-mon', '--mkfs', '-i', 'a', '--monmap', monmap);
    daemon('ceph-mon', '-i', 'a', '--public-addrv', address);
    await tool('ceph', '--connect-timeout', '30', 'osd', 'new', osd);
    await tool('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd);
    daemon('ceph-osd', '-i', '0');
    await tool('ceph', 'osd', 'crush', 'add', 'osd.0', '1.0', 'root=default', 'host=here');
    const user = ['user', 'create', '--uid', 'user', '--display-name', 'user'];
    const [accessKey, secretKey] = ['TESTKEY', 'test/secret+with=signs'];
    await tool('radosgw-admin', ...user, '--access-key', accessKey, '--secret-key', secretKey);
    // It insists on encryption with the monitor, which there is none of without authentication.
    daemon('radosgw', '-n', 'client.admin', '--no-mon-config', '--ms_mon_client_mode', 'crc');
    await answers(port);
    return { port, accessKey, secretKey, admin: (...command) => tool('radosgw-admin', ...command), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function answers(port: number): Promise<void> {
  const end = Date.now() + 60_000;
  for (;;) {
    const isUp = await fetch(`http://127.0.0.1:${port}`).then(
      () => true,
      () => false,
    );
    if (isUp) return;
    if (Date.now() > end) throw new Error('radosgw does not answer');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function config(folder: string, fsid: string, mon: number, port: number): string {
  return `[global]
fsid = ${fsid}
mon host = v2:127.0.0.1:${mon}/0
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
mon allow pool size one = true
osd crush chooseleaf type = 0
run dir = ${folder}
admin socket = ${folder}/$name.asok
log file = ${folder}/$name.log
pid file = ${folder}/$name.pid
ms bind msgr1 = false
public network = 127.0.0.0/8
mon data = ${folder}/mon
mon data avail crit = 0
mon data avail warn = 0
osd data = ${folder}/osd
osd objectstore = memstore
memstore device bytes = 1073741824
osd memory target = 939524096
osd fast shutdown = true
osd class dir = /usr/lib/x86_64-linux-gnu/rados-classes
rgw frontends = beast endpoint=127.0.0.1:${port}
rgw gc max objs = 1
rgw lc max objs = 1
rgw enable usage log = false
rgw dynamic resharding = false
rgw override bucket index max shards = 1
`;
}
