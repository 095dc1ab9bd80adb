import { fileURLToPath } from 'node:url';
import { fileTargets } from './files.js';
import { imageTargets } from './images.js';
import { requestTargets } from './requests.js';
import { type Target, textSeeds } from './target.js';

/** Where the seeds of a target are that earlier runs came to. */
export function seedsPath(target: string): string {
  return fileURLToPath(new URL(`../../../test/vectors/seeds/${target}.txt`, import.meta.url));
}

/** Every target by its name, with the seeds that are written down. What it makes on disk goes with the process. */
export async function openTargets(): Promise<Readonly<Record<string, Target>>> {
  const targets = { ...(await imageTargets()), ...(await fileTargets()), ...(await requestTargets()) };
  const withSeeds = Object.entries(targets).map(([name, target]) => [
    name,
    { ...target, seeds: [...target.seeds, ...(target.isFresh ? [] : textSeeds(seedsPath(name)))] },
  ]);
  return Object.fromEntries(withSeeds);
}
