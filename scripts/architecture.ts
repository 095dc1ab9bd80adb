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
  /** Where the picture shows it: left edge and width, in columns. Its row follows from the imports. */
  readonly column: number;
  readonly columns: number;
}

/** The rooms. docs/life-of-a-batch.md states their order. */
export const rooms: readonly Room[] = [
  { name: 'errors', about: 'every error, its code and its wording', pure: true, column: 0, columns: 6 },
  { name: 'memory', about: 'pool, arena', column: 2, columns: 0.75 },
  { name: 'packing', about: 'Zstandard', column: 2.75, columns: 0.75 },
  { name: 'contract', about: 'proto, details', column: 5.25, columns: 0.75 },
  { name: 'run', about: 'config, recipes, knobs, fingerprint', pure: true, column: 0, columns: 2 },
  { name: 'schedule', about: 'weight decay of an epoch', pure: true, column: 0, columns: 1 },
  { name: 'sources', about: 'storage, layouts, scan, manifest', column: 2.75, columns: 1.25 },
  { name: 'plan', about: 'address to samples, cursor', pure: true, column: 4, columns: 1.55 },
  { name: 'sample', about: 'seed to draw, as torch', pure: true, column: 1, columns: 1 },
  { name: 'decode', about: 'bytes to crop, in limits', column: 1, columns: 1.5 },
  { name: 'positions', about: 'where to begin', column: 4.7, columns: 0.6 },
  { name: 'augment', about: 'crop and draw to pixels', column: 1, columns: 1 },
  { name: 'cache', about: 'files and decoded images kept', column: 2, columns: 2 },
  { name: 'runs', about: 'open runs', column: 4, columns: 0.75 },
  { name: 'batch', about: 'plan, threads, device, pack, check', column: 1, columns: 3.75 },
  { name: 'server', about: 'gRPC services, limits, health, metrics', column: 0, columns: 4.7 },
  { name: 'client', about: 'the trainer\u2019s side', column: 5.3, columns: 0.7 },
  { name: 'cli', about: 'the command line', column: 0, columns: 6 },
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

/** How many rooms stand above each at least: the longest way of imports that leads from it. Throws where there is a circle. */
export function rowsOf(imports: ReadonlyMap<string, ReadonlySet<string>>): ReadonlyMap<string, number> {
  const row = (name: string, way: readonly string[]): number => {
    if (way.includes(name)) throw new Error(`a circle of imports: ${[...way, name].join(', ')}`);
    return Math.max(-1, ...[...(imports.get(name) ?? [])].map((other) => row(other, [...way, name]))) + 1;
  };
  return new Map([...imports.keys()].map((name) => [name, row(name, [])]));
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
