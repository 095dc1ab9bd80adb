import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '../fleet.js';
import { pathOf, textOf } from './project-files.js';

const { name, version, bin } = JSON.parse(textOf('package.json'));

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** A project that has installed the package from its archive, with its dependencies as they are here. */
async function installed(t: TestContext): Promise<{ folder: string; packed: Packed }> {
  const folder = await temporaryFolder(t);
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const [packed] = JSON.parse(execFileSync('npm', pack, { cwd: pathOf('.'), encoding: 'utf8' })) as [Packed];
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, name), { recursive: true });
  execFileSync('tar', ['xzf', join(folder, packed.filename), '-C', join(modules, name), '--strip-components=1']);
  for (const entry of readdirSync(pathOf('node_modules')))
    symlinkSync(pathOf(`node_modules/${entry}`), join(modules, entry));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  return { folder, packed };
}

test('the npm package has what a user needs and no more, and works in a folder of its own', async (t) => {
  const { folder, packed } = await installed(t);
  const paths = packed.files.map(({ path }) => path);
  const stray = paths.filter((path) => !/^(dist\/(src|protos)|protos)\/|^[A-Z]+(\.md)?$|^package\.json$/.test(path));
  assert.deepEqual(stray, []);
  assert.ok(!paths.some((path) => /\.map$|\.test\./.test(path)));
  for (const path of ['LICENSE', 'README.md', bin.tributary]) assert.ok(paths.includes(path), path);
  const run = (...args: string[]) => execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  assert.equal(run(`node_modules/${name}/${bin.tributary}`, '--version'), `${version}\n`);
  const program = `import { Loader, TributaryError } from '${name}';
    import { contract } from '${name}/contract';
    import { reasons } from '${name}/errors';
    console.log(typeof Loader.connect, TributaryError.name, typeof contract.tributary.v1.LoaderService, reasons.NO_REPLICA);`;
  assert.equal(run('--input-type=module', '-e', program), 'function TributaryError function UNAVAILABLE\n');
});

test('the example of docs/typescript.md is a program by the types of the package', async (t) => {
  const { folder } = await installed(t);
  const example = /```ts\n([\s\S]+?)```/.exec(textOf('docs/typescript.md'))![1]!;
  writeFileSync(join(folder, 'example.ts'), `${example}\nexport {};\n`);
  const strict = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--types',
    'node',
    '--skipLibCheck',
  ];
  const compiler = pathOf('node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [compiler, ...strict, 'example.ts'], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.equal(stdout, '');
});

test('the wheel installs into a folder of its own, and says what it is', async (t) => {
  const python = '/usr/bin/python3';
  const pip = spawnSync(python, ['-c', 'import setuptools, wheel, pip'], { encoding: 'utf8' });
  if (pip.status !== 0) return t.skip(`Debian's python3-pip, setuptools and wheel are needed: ${pip.stderr.trim()}`);
  const folder = await temporaryFolder(t);
  execFileSync('cp', ['-rL', pathOf('python'), join(folder, 'source')]);
  const offline = ['--no-deps', '--no-index', '--no-build-isolation', '--disable-pip-version-check', '--quiet'];
  execFileSync(python, ['-m', 'pip', 'wheel', ...offline, '--wheel-dir', folder, join(folder, 'source')]);
  const wheel = readdirSync(folder).find((file) => file.endsWith('.whl'))!;
  assert.equal(wheel, `${name.replace('-', '_')}-${version}-py3-none-any.whl`);
  execFileSync(python, ['-m', 'pip', 'install', ...offline, '--target', join(folder, 'site'), join(folder, wheel)]);
  const program = `import importlib.metadata as m, tributary
d = m.metadata("${name}")
assert tributary.__file__.startswith("${folder}"), tributary.__file__
print(tributary.__version__, d["License"], "LICENSE" in str([f.name for f in m.files("${name}")]), len(d.get_all("Classifier")) > 5)`;
  const said = execFileSync(python, ['-c', program], { encoding: 'utf8', env: { PYTHONPATH: join(folder, 'site') } });
  assert.equal(said, `${version} Apache-2.0 True True\n`);
});
