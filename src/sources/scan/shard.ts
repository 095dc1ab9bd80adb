import { fill, type Packing, type SourceStorage } from '../storage/storage.js';
import { storageOf } from '../storage/storages.js';
import { hold, joinNames } from './folder.js';
import { hasImageSuffix, hasOtherImageSuffix } from './images.js';
import { type LeftOut, LeftOutTally } from './left-out.js';
import { compareNames } from './name-order.js';
import { type Damage, indexTar, type TarMember } from './tar.js';

/** Which shard to scan. */
export interface ShardTask {
  readonly url: string;
}

/** Where the samples of tar shards and their siblings lie in them, a value a sample. An offset of 0 is no sibling. */
export interface MemberPlaces {
  readonly offset: BigUint64Array<ArrayBuffer>;
  readonly txtOffset: BigUint64Array<ArrayBuffer>;
  readonly txtSize: Uint32Array<ArrayBuffer>;
  readonly jsonOffset: BigUint64Array<ArrayBuffer>;
  readonly jsonSize: Uint32Array<ArrayBuffer>;
}

/** Where the images of a Parquet file's rows lie in it, a value a row. */
export interface RowPlaces {
  readonly offset: BigUint64Array<ArrayBuffer>;
  /** The place of the packing among `packings`. */
  readonly packing: Uint32Array<ArrayBuffer>;
  /** As `Packed` has them; 0 for what is not packed. */
  readonly packedSize: Uint32Array<ArrayBuffer>;
  readonly skipped: Uint32Array<ArrayBuffer>;
}

/** How rows are packed, in the order of the numbers that manifests have: 0 is not at all. */
export const packings: readonly (Packing | undefined)[] = [
  undefined,
  'snappy',
  'gzip',
  'zstd',
  'literal',
  'snappy-stream',
];

/** Digits of a row's number in its key, so that keys are in the order of rows. */
export const rowDigits = 8;

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
  readonly members: MemberPlaces | RowPlaces;
  /** Of each sample its class among `classNames`, -1 for none; null where the shard tells of no classes. */
  readonly labels: Int32Array<ArrayBuffer> | null;
  readonly classNames: readonly string[];
  readonly damage: Damage | null;
  readonly leftOut: readonly LeftOut[];
  /** `successes` of the `_stats.json` beside the shard; null where there is none that says so. */
  readonly successes: number | null;
}

/**
 * Indexes one tar file: samples are the members with an image suffix; the `.txt` and `.json` (in any case, as WebDataset has it)
 * of the same WebDataset key, the name up to the first dot of its last component, are their siblings, and failing these those of
 * the same name up to its last dot. Of two members of one name the last counts, as it does for `tar -x`.
 *
 * @throws StorageFault where the shard cannot be read.
 */
export async function scanTar({ url }: ShardTask): Promise<ShardListing> {
  const storage = storageOf(url);
  const version = (await storage.stat(url, hold))?.version ?? '0';
  const file = await storage.open(url, { ...hold, version: version === '0' ? undefined : version });
  const { members, odd, damage } = await indexTar(file).finally(file.close);
  const samples = new Map<string, TarMember>();
  const siblings = new Map<string, TarMember>();
  const otherCase = new Map<string, TarMember>();
  const leftOut = new LeftOutTally();
  const shard = url.slice(url.lastIndexOf('/') + 1);
  const leave = (kind: LeftOut['kind'], name: string) => leftOut.add(kind, `${shard}/${name}`);
  for (const { kind, name } of odd) {
    const isFile = kind === 'name_not_utf8' || hasImageSuffix(name) || siblingSuffix.test(name);
    leave(hiddenPath.test(name) ? 'hidden' : isFile ? kind : 'other_file', name);
  }
  for (const member of members) {
    const { name, size } = member;
    if (hiddenPath.test(name)) leave('hidden', name);
    else if (hasImageSuffix(name)) {
      if (samples.has(name)) leave('duplicate', name);
      if (size > 0xffffffff) leave('too_large', name);
      else samples.set(name, member);
    } else if (siblingSuffix.test(name)) {
      const lower = name.replace(siblingSuffix, (suffix) => suffix.toLowerCase());
      if (size <= 0xffffffff) (lower === name ? siblings : otherCase).set(lower, member);
    } else leave(hasOtherImageSuffix(name) ? 'image_not_read' : 'other_file', name);
  }
  for (const { name, size } of samples.values()) if (size === 0) leave('empty', name);
  const sorted = [...samples.values()]
    .map((member) => ({ member, order: member.name.replaceAll('/', '\0') }))
    .sort((a, b) => compareNames(a.order, b.order))
    .map(({ member }) => member);
  const siblingOf = (stem: string, suffix: string) =>
    siblings.get(`${stem}.${suffix}`) ?? otherCase.get(`${stem}.${suffix}`);
  const sibling = ({ name }: TarMember, suffix: string) =>
    siblingOf(keyOf(name), suffix) ?? siblingOf(name.slice(0, name.lastIndexOf('.')), suffix);
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
    labels: null,
    classNames: [],
    damage,
    leftOut: leftOut.list(),
    successes: await readSuccesses(storage, url.replace(/\.tar$/, '_stats.json')),
  };
}

const siblingSuffix = /\.(txt|json)$/i;

/** Whether one of the names in a path is hidden, as `isHidden` has it; `.` and `..` are not. */
const hiddenPath = /(?:^|\/)(?:\.(?!\.?(?:\/|$))|__MACOSX(?:\/|$))/;

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
