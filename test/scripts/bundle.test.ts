import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryFolder } from '../fleet.js';

const checkout = fileURLToPath(new URL('../../../', import.meta.url));
/** Where `scripts/systems.sh` keeps the systems that it makes: minimal ones, with nothing of ours in them. */
const systems = ['12', '13'].map((debian) => `/var/tmp/tributary-systems/${debian}`);

/** Why a bundle cannot be tried here; false where it can. */
function obstacle(): string | false {
  const clean = systems.find((system) => existsSync(`${system}.made`));
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'it is packed on Linux, x86-64';
  if (process.geteuid?.() !== 0) return 'root is needed for a system of its own';
  if (clean === undefined) return 'there is no clean system: scripts/systems.sh makes one';
  for (const command of ['unshare', 'xz', 'ip']) if (spawnSync(command, ['--version']).error) return `no ${command}`;
  if (spawnSync('npm', ['ping'], { timeout: 10_000 }).status !== 0) return 'the registry of packages does not answer';
  return false;
}

/** Lays a bundle ($0) over a system ($1), in namespaces without a network, and runs a command ($3) in it; $2 is for its files. */
const inClean = `
set -e
ip link set lo up
mount -t tmpfs tmpfs "$2" && mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
mount -t proc proc "$2/root/proc" && mount --rbind /dev "$2/root/dev"
tar -C "$2/root/opt" -xf "$0"
exec chroot "$2/root" env -i PATH=/usr/bin:/bin HOME=/root LANG=C.UTF-8 bash -c "cd /opt/tributary-linux-x64 && $3"`;

test('a bundle serves and measures on a system with nothing installed and no network', {
  skip: obstacle(),
}, async (t) => {
  const folder = await temporaryFolder(t);
  const bundle = join(folder, 'bundle.tar.xz');
  await promisify(execFile)(join(checkout, 'scripts/bundle.sh'), [bundle]);
  assert.ok((await stat(bundle)).size <= 50_000_000);
  const place = join(folder, 'place');
  await mkdir(place);
  const clean = async (command: string): Promise<string> => {
    const apart = ['--mount', '--pid', '--fork', '--kill-child', '--net', 'bash', '-c', inClean];
    const system = systems.find((one) => existsSync(`${one}.made`))!;
    return (await promisify(execFile)('unshare', [...apart, bundle, system, place, command])).stdout;
  };
  const { version } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8'));
  assert.equal((await clean('! command -v node python3 && ./tributary --version')).trim(), version);
  assert.match(await clean('./node dist/scripts/demo.js && ls out/demo'), /epoch/);
  const measured = await clean('scripts/measure-device.sh --only machine,torchvision,training --seconds 1 --batch 8');
  assert.match(measured, /^cores: \d+/m);
  for (const name of ['GPU', 'adapter', 'torchvision', 'training step, fed by synthetic'])
    assert.match(measured, new RegExp(`^${name}: not here: .`, 'm'));
});
