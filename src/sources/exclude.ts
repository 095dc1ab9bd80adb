import { TributaryError } from '../errors.js';
import type { IndexOptions } from './index-source.js';
import { whenHere } from './manifest/away.js';
import type { Manifest } from './manifest/manifest.js';
import { loadManifest, manifestPath } from './manifest/manifest-file.js';
import { linesOf } from './storage/lines.js';

/**
 * A manifest that knows which of its samples the config takes out of every epoch. They stay in it, so that nothing else moves.
 *
 * @throws TributaryError UNKNOWN_KEY for a key that neither this split nor the other has, SOURCE_EMPTY where nothing is left,
 * SOURCE_UNREADABLE for a file of keys that cannot be read.
 */
export async function withoutExcluded(options: IndexOptions, manifest: Manifest): Promise<Manifest> {
  if (options.exclude === undefined) return manifest;
  const keys = typeof options.exclude === 'string' ? await keysIn(options.exclude) : options.exclude;
  const excluded = new Set<number>();
  const others: string[] = [];
  // In the order of keys, neighbours are found on the same pages.
  for (const key of [...keys].sort()) {
    const index = await whenHere(() => manifest.find(key));
    if (index >= 0) excluded.add(index);
    else others.push(key);
  }
  await refuseUnknown(options, others, manifest);
  if (excluded.size === manifest.count)
    throw new TributaryError('SOURCE_EMPTY', {
      expected: `samples of source ${options.name} that are not excluded`,
      came: `${manifest.count}, and all of them are`,
      remedy: 'Take keys out of its exclude, or the source out of the run',
      metadata: { source: options.name },
    });
  return excluded.size === 0 ? manifest : { ...manifest, excluded };
}

async function keysIn(url: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const line of linesOf(url)) keys.push(line);
  return keys;
}

/** A key may be one of the other split; of one that is of neither it must not be thought that it is gone. */
async function refuseUnknown(options: IndexOptions, keys: readonly string[], own: Manifest): Promise<void> {
  if (keys.length === 0) return;
  const split = options.split === 'train' ? 'val' : 'train';
  const other = await loadManifest(manifestPath(options.indexFolder, options.name, split)).catch(() => null);
  const unknown: string[] = [];
  for (const key of keys) if (other === null || (await whenHere(() => other.find(key))) < 0) unknown.push(key);
  if (unknown.length === 0) return;
  throw new TributaryError('UNKNOWN_KEY', {
    expected: `keys of source ${options.name} in its exclude`,
    came: unknown.slice(0, 3).join(', ') + (unknown.length > 3 ? ` and ${unknown.length - 3} more` : ''),
    remedy: `Write keys like ${await whenHere(() => own.key(0))}, or index the other split too if they are of it`,
    metadata: { source: options.name, key: unknown[0]! },
  });
}
