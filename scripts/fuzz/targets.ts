import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fileTargets } from './files.js';
import { imageTargets } from './images.js';
import { requestTargets } from './requests.js';
import type { Target } from './target.js';

/** Where the seeds of a target are that earlier runs came to: a line each, in base64. */
export function seedsPath(target: string): string {
  return fileURLToPath(new URL(`../../../test/vectors/seeds/${target}.txt`, import.meta.url));
}

/** Every target by its name, with the seeds that are written down. What it makes on disk goes with the process. */
export async function openTargets(): Promise<Readonly<Record<string, Target>>> {
  const targets = { ...(await imageTargets()), ...(await fileTargets()), ...(await requestTargets()) };
  const withSeeds = Object.entries(targets).map(([name, target]) => [
    name,
    { ...target, seeds: [...target.seeds, ...writtenSeeds(name)] },
  ]);
  return Object.fromEntries(withSeeds);
}

function writtenSeeds(name: string): Buffer[] {
  const path = seedsPath(name);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => Buffer.from(line, 'base64'));
}
