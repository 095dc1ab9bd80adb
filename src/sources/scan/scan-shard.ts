import { readFileSync, statSync } from 'node:fs';
import { hasImageSuffix } from './images.js';
import { compareNames } from './order.js';
import { joinNames, reliableTime } from './scan-folder.js';
import { type Damage, indexTar, type TarMember } from './tar.js';

/** A tar shard to read the headers of. */
export interface ShardTask {
  /** Absolute path. */
  readonly path: string;
}

/** The samples of a shard, sorted by key. Every array but `names` has one value a sample; an offset of 0 is no sibling. */
export interface ShardListing {
  /** Size of the shard in bytes. */
  readonly bytes: number;
  /** Modification time in nanoseconds, taken before it was read; `0` where it is too young to be told from a later one. */
  readonly mtime: string;
  /** Member names, UTF-8, each with a NUL after it. */
  readonly names: Uint8Array<ArrayBuffer>;
  readonly count: number;
  readonly sizes: Uint32Array<ArrayBuffer>;
  readonly offsets: Float64Array<ArrayBuffer>;
  readonly txtOffsets: Float64Array<ArrayBuffer>;
  readonly txtSizes: Uint32Array<ArrayBuffer>;
  readonly jsonOffsets: Float64Array<ArrayBuffer>;
  readonly jsonSizes: Uint32Array<ArrayBuffer>;
  readonly damage: Damage | null;
  /** `successes` of the `_stats.json` beside the shard; null where there is none that says so. */
  readonly successes: number | null;
}

/**
 * Indexes one shard: samples are the members with an image suffix; the `.txt` and `.json` of the same WebDataset key (the
 * name up to the first dot of its last component) are their siblings. Of two members of one name the last counts, as it
 * does for `tar -x`.
 *
 * @throws the file system's own error where the shard cannot be read.
 */
export function scanShard({ path }: ShardTask): ShardListing {
  const stats = statSync(path, { bigint: true });
  const { members, damage } = indexTar(path);
  const samples = new Map<string, TarMember>();
  const siblings = new Map<string, TarMember>();
  for (const member of members) {
    if (member.size > 0xffffffff || member.name.includes('\0')) continue;
    if (hasImageSuffix(member.name)) samples.set(member.name, member);
    else if (/\.(txt|json)$/.test(member.name)) siblings.set(member.name, member);
  }
  const sorted = [...samples.values()]
    .map((member) => ({ member, order: member.name.replaceAll('/', '\0') }))
    .sort((a, b) => compareNames(a.order, b.order))
    .map(({ member }) => member);
  const sibling = (member: TarMember, suffix: string) => siblings.get(`${keyOf(member.name)}.${suffix}`);
  const txt = sorted.map((member) => sibling(member, 'txt'));
  const json = sorted.map((member) => sibling(member, 'json'));
  return {
    bytes: Number(stats.size),
    mtime: reliableTime(stats.mtimeNs),
    names: joinNames(sorted.map((member) => member.name)),
    count: sorted.length,
    sizes: Uint32Array.from(sorted, (member) => member.size),
    offsets: Float64Array.from(sorted, (member) => member.offset),
    txtOffsets: Float64Array.from(txt, (member) => member?.offset ?? 0),
    txtSizes: Uint32Array.from(txt, (member) => member?.size ?? 0),
    jsonOffsets: Float64Array.from(json, (member) => member?.offset ?? 0),
    jsonSizes: Uint32Array.from(json, (member) => member?.size ?? 0),
    damage,
    successes: readSuccesses(path.replace(/\.tar$/, '_stats.json')),
  };
}

/** A member's WebDataset key (webdataset/tariterators.py, `base_plus_ext`). */
function keyOf(name: string): string {
  return name.slice(0, name.indexOf('.', name.lastIndexOf('/') + 1));
}

function readSuccesses(path: string): number | null {
  try {
    const { successes } = JSON.parse(readFileSync(path, 'utf8'));
    return typeof successes === 'number' ? successes : null;
  } catch {
    return null;
  }
}
