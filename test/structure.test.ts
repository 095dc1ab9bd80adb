import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** The rooms, lowest first, as docs/life-of-a-batch.md gives them. */
const rooms = /^```\n(errors -> [^`]*)```$/m
  .exec(read('docs/life-of-a-batch.md'))![1]!
  .split('->')
  .map((name) => name.trim());

/** Packages that are the business of some rooms alone. */
const owners: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(@grpc\/|grpc-health-check$)/, ['contract', 'server', 'client']],
  [/^sharp$/, ['decode']],
  [/^gpu\.js$/, ['augment']],
];

/** Every source file, but those of AssemblyScript, with what it imports: files of `src` by their path in it, packages by name. */
const imports = new Map(
  readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.c?ts$/.test(path) && !path.includes('assembly/'))
    .map((path) => {
      const from = [...read(join('src', path)).matchAll(/(?:\bfrom|^import|\bimport\() ?'([^']+)'/gm)].map(
        ([, name]) => name!,
      );
      return [path, from.map((name) => (name.startsWith('.') ? resolved(path, name) : name))] as const;
    }),
);

function resolved(path: string, name: string): string {
  return relative('src', normalize(join('src', dirname(path), name.replace(/\.(c?)js$/, '.$1ts'))));
}

/** The room of a file: the narrowest that holds it. */
function roomOf(path: string): string {
  const room = rooms
    .filter((name) => path === `${name}.ts` || path.startsWith(`${name}/`))
    .sort((a, b) => b.length - a.length)[0];
  assert.ok(room !== undefined, `${path} is in no room of docs/life-of-a-batch.md`);
  return room;
}

test('rooms import those before them alone', () => {
  const upwards: string[] = [];
  for (const [path, from] of imports)
    for (const other of from)
      if (imports.has(other) && rooms.indexOf(roomOf(other)) > rooms.indexOf(roomOf(path)))
        upwards.push(`${path} -> ${other}`);
  assert.deepEqual(upwards, []);
});

test('there is no circle of imports', () => {
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    assert.ok(!way.includes(path), [...way.slice(way.indexOf(path)), path].join(' -> '));
    if (done.has(path)) return;
    for (const other of imports.get(path) ?? []) visit(other, [...way, path]);
    done.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
});

test('gRPC, sharp and gpu.js are known to their rooms alone', () => {
  const strangers: string[] = [];
  for (const [path, from] of imports)
    for (const name of from)
      for (const [pattern, own] of owners)
        if (pattern.test(name) && !own.includes(roomOf(path))) strangers.push(`${path} -> ${name}`);
  assert.deepEqual(strangers, []);
});

test('every room has files, and every import of a file finds it', () => {
  const held = new Set([...imports.keys()].map(roomOf));
  assert.deepEqual(
    rooms.filter((room) => !held.has(room)),
    [],
  );
  for (const [path, from] of imports)
    for (const other of from)
      if (other.endsWith('.ts') && !other.startsWith('..')) assert.ok(imports.has(other), `${path} -> ${other}`);
});

/** A function or a class of a file's own, or a constant that holds one: more than types and values. */
const logic = /^(export )?(default )?(async )?(function|class)\b|^export const [^;]*?(=>|\) \{)/m;

/** Files with logic whose test has another name, and why. */
const testedElsewhere: readonly (readonly [file: RegExp, test: string, why: string])[] = [
  [
    /^augment\/operations\//,
    'augment/operations/index.test.ts',
    'one table of cases runs every operation of the registry, so that a new one needs its cases and no file more',
  ],
];

test('a file that holds logic has its test under the same path and name', () => {
  const testOf = (path: string) => path.replace(/\.c?ts$/, '.test.ts');
  const has = (path: string) => existsSync(join(root, 'test', path));
  const missing = [...imports.keys()].filter((path) => logic.test(read(join('src', path))) && !has(testOf(path)));
  for (const [file, test, why] of testedElsewhere)
    assert.ok(has(test) && missing.some((path) => file.test(path)), `${file} is no exception any more: ${why}`);
  assert.deepEqual(
    missing.filter((path) => !testedElsewhere.some(([file]) => file.test(path))),
    [],
  );
});

test('every pool of threads is told how they are started', () => {
  const pools = [...imports].filter(([, names]) => names.includes('piscina')).map(([path]) => path);
  assert.ok(pools.length > 2);
  const untold = pools.filter((path) => !read(join('src', path)).includes('execArgv: [...threadArguments]'));
  assert.deepEqual(untold, []);
});

test('waits and deadlines go by clocks that never go back', () => {
  /** What compares times that files and certificates carry. */
  const ofFiles = ['cache/cache-folder.ts', 'cli/tell-expiry.ts', 'sources/storage/local/stats.ts'];
  const byWall = [...imports.keys()].filter((path) => /\bDate\.now\b|\bnew Date\(/.test(read(join('src', path))));
  assert.deepEqual(byWall.sort(), ofFiles);
  const python = readdirSync(join(root, 'python/src'), { recursive: true, encoding: 'utf8' });
  const ofPython = python.filter((path) => path.endsWith('.py'));
  assert.ok(ofPython.length > 10);
  assert.deepEqual(
    ofPython.filter((path) => /\btime\.time\(|\bdatetime\.now\(/.test(read(join('python/src', path)))),
    [],
  );
});

test('no line that people are given would start a package of this name that belongs to others', () => {
  const docs = readdirSync(join(root, 'docs')).map((name) => `docs/${name}`);
  const given = [
    'README.md',
    ...docs.filter((path) => path.endsWith('.md')),
    ...[...imports.keys()].map((path) => `src/${path}`),
  ];
  assert.deepEqual(
    given.filter((path) => /npx (?!--no-install )(?:\S+ )?tributary\b/.test(read(path))),
    [],
  );
});
