import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** A room of `src`, and where the picture shows it. */
export interface Room {
  readonly name: string;
  /** What it is about, in a few words. */
  readonly about: string;
  /** Whether it touches no file, no clock and no network. */
  readonly pure?: true;
  /** Where the picture shows it: row, left edge and width, the last two in columns. */
  readonly row: number;
  readonly column: number;
  readonly columns: number;
}

/** The rooms in order: each imports only those before it. A test compares the list with the folders and the imports. */
export const rooms: readonly Room[] = [
  { name: 'errors', about: 'every error, its code and its wording', pure: true, row: 0, column: 0, columns: 6 },
  { name: 'memory', about: 'pool, arena', row: 1, column: 2, columns: 0.75 },
  { name: 'contract', about: 'proto, details', row: 5, column: 5.25, columns: 0.75 },
  { name: 'run', about: 'config, recipes, knobs, fingerprint', pure: true, row: 1, column: 0, columns: 2 },
  { name: 'schedule', about: 'weight decay of an epoch', pure: true, row: 2, column: 0, columns: 1 },
  { name: 'sources', about: 'storage, layouts, scan, manifest', row: 1, column: 2.75, columns: 1.25 },
  { name: 'plan', about: 'address to samples, cursor', pure: true, row: 1, column: 4, columns: 1.25 },
  { name: 'sample', about: 'seed to draw, as torch', pure: true, row: 2, column: 1, columns: 1 },
  { name: 'decode', about: 'bytes to crop, in limits', row: 3, column: 1, columns: 1.5 },
  { name: 'augment', about: 'crop and draw to pixels', row: 4, column: 1, columns: 1 },
  { name: 'cache', about: 'files and decoded images kept', row: 4, column: 2, columns: 2 },
  { name: 'runs', about: 'open on a replica', row: 2, column: 4, columns: 0.85 },
  { name: 'batch', about: 'plan, threads, device, pack, check', row: 5, column: 1, columns: 3.85 },
  { name: 'server', about: 'gRPC services, limits, health, metrics', row: 6, column: 0, columns: 4.75 },
  { name: 'client', about: 'the trainer\u2019s side', row: 6, column: 4.75, columns: 1.25 },
  { name: 'cli', about: 'the command line', row: 7, column: 0, columns: 6 },
];

/** For every room, the rooms that its files import, types included. */
export function roomImports(): ReadonlyMap<string, ReadonlySet<string>> {
  const source = join(root, 'src');
  const found = new Map<string, Set<string>>();
  for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    const path = join(source, file);
    if (!/\.c?ts$/.test(file) || !statSync(path).isFile()) continue;
    const room = roomOf(file);
    const imported = found.get(room) ?? new Set();
    found.set(room, imported);
    for (const [, target] of readFileSync(path, 'utf8').matchAll(/\b(?:from|import|import\() ?['"](\.[^'"]+)['"]/g)) {
      const name = roomOf(relative(source, join(path, '..', target!)));
      if (name !== room && name !== '..') imported.add(name);
    }
  }
  return found;
}

/** Those imports that say something new: not the ones that an imported room already makes. */
export function essentialImports(imports: ReadonlyMap<string, ReadonlySet<string>>): readonly [string, string][] {
  const reach = (from: string): Set<string> => {
    const direct = [...(imports.get(from) ?? [])];
    return new Set(direct.flatMap((name) => [name, ...reach(name)]));
  };
  return [...imports].flatMap(([from, direct]) =>
    [...direct]
      .filter((to) => ![...direct].some((other) => other !== to && reach(other).has(to)))
      .map((to): [string, string] => [from, to]),
  );
}

function roomOf(path: string): string {
  return path.split('/')[0]!.replace(/\.[a-z]+$/, '');
}
