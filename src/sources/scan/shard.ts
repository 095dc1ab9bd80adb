import { fill, type SourceStorage } from '../storage/storage.js';
import { storageOf } from '../storage/storages.js';
import { hold, joinNames } from './folder.js';
import { hasImageSuffix } from './images.js';
import { compareNames } from './name-order.js';
import { type Damage, indexTar, type TarMember } from './tar.js';

/** Where the samples of shards and their siblings lie in them, a value a sample. An offset of 0 is no sibling. */
export interface MemberPlaces {
  readonly offset: BigUint64Array<ArrayBuffer>;
  readonly txtOffset: BigUint64Array<ArrayBuffer>;
  readonly txtSize: Uint32Array<ArrayBuffer>;
  readonly jsonOffset: BigUint64Array<ArrayBuffer>;
  readonly jsonSize: Uint32Array<ArrayBuffer>;
}

/** The samples of a shard, sorted by key. */
export interface ShardListing {
  /** Size of the shard in bytes. */
  readonly bytes: number;
  /** The shard's version, taken before it was read; `0` where it has none to rely on. */
  readonly version: string;
  /** Member names, UTF-8, each with a NUL after it. */
  readonly names: Uint8Array<ArrayBuffer>;
  readonly count: number;
  readonly sizes: Uint32Array<ArrayBuffer>;
  readonly members: MemberPlaces;
  readonly damage: Damage | null;
  /** `successes` of the `_stats.json` beside the shard; null where there is none that says so. */
  readonly successes: number | null;
}

/**
 * Indexes one shard: samples are the members with an image suffix; the `.txt` and `.json` of the same WebDataset key (the
 * name up to the first dot of its last component) are their siblings. Of two members of one name the last counts, as it
 * does for `tar -x`.
 *
 * @throws StorageFault where the shard cannot be read.
 */
export async function scanShard({ url }: { readonly url: string }): Promise<ShardListing> {
  const storage = storageOf(url);
  const version = (await storage.stat(url, hold))?.version ?? '0';
  const file = await storage.open(url, hold);
  const { members, damage } = await indexTar(file).finally(file.close);
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
  const offsets = (of: typeof txt) => BigUint64Array.from(of, (member) => BigInt(member?.offset ?? 0));
  const sizes = (of: typeof txt) => Uint32Array.from(of, (member) => member?.size ?? 0);
  return {
    bytes: file.size,
    version,
    names: joinNames(sorted.map((member) => member.name)),
    count: sorted.length,
    sizes: sizes(sorted),
    members: {
      offset: offsets(sorted),
      txtOffset: offsets(txt),
      txtSize: sizes(txt),
      jsonOffset: offsets(json),
      jsonSize: sizes(json),
    },
    damage,
    successes: await readSuccesses(storage, url.replace(/\.tar$/, '_stats.json')),
  };
}

/** A member's WebDataset key (webdataset/tariterators.py, `base_plus_ext`). */
function keyOf(name: string): string {
  return name.slice(0, name.indexOf('.', name.lastIndexOf('/') + 1));
}

async function readSuccesses(storage: SourceStorage, url: string): Promise<number | null> {
  try {
    const file = await storage.open(url, hold);
    const text = Buffer.alloc(file.size);
    await fill(file, text, 0).finally(file.close);
    const { successes } = JSON.parse(text.toString('utf8'));
    return typeof successes === 'number' ? successes : null;
  } catch {
    return null;
  }
}
