import type { OddKind } from '../storage/storage.js';

/** Why something is no sample, or in `empty` a sample that cannot be read. */
export type LeftOutKind =
  | OddKind
  | 'link_loop'
  | 'image_not_read'
  | 'too_large'
  | 'empty'
  | 'duplicate'
  | 'member_link'
  | 'member_sparse'
  | 'member_kind'
  | 'shard_suffix'
  | 'hidden'
  | 'other_file';

/** What was left out for one reason. */
export interface LeftOut {
  readonly kind: LeftOutKind;
  readonly count: number;
  /** The first names in their order, by their paths inside the source: at most three. */
  readonly examples: readonly string[];
}

interface Meaning {
  /** For people, after a number. */
  readonly text: string;
  /** What to do about it, if it is a mistake. */
  readonly remedy?: string;
  /** Whether a sample is lost by it: then it counts against its class, and is an error under `--strict`. */
  readonly isLoss: boolean;
}

const links = "to have them, name the folder that they lead into in the source's follow_links";
const rename = 'rename them';

/** What each kind is, in the order in which they are told. */
export const leftOutMeanings: Readonly<Record<LeftOutKind, Meaning>> = {
  folder_outside: { text: 'links to folders outside of the source', remedy: links, isLoss: true },
  link_outside: { text: 'links to files outside of the source', remedy: links, isLoss: true },
  link_broken: { text: 'links that lead nowhere', remedy: 'fetch or mount what they lead to', isLoss: true },
  linked_folder: {
    text: 'links to folders, which this layout follows only where the config says so',
    remedy: "to have them, set the source's follow_links to true",
    isLoss: true,
  },
  link_loop: { text: 'links to a folder that they lie in', isLoss: false },
  folder_not_utf8: { text: 'folders whose names are not UTF-8', remedy: rename, isLoss: true },
  name_not_utf8: { text: 'files whose names are not UTF-8', remedy: rename, isLoss: true },
  not_a_file: { text: 'no regular files, though named like samples or shards', isLoss: true },
  too_large: { text: 'files of 4 GiB or more', isLoss: true },
  empty: { text: 'files or rows of no bytes, which decoding will find corrupt', isLoss: true },
  image_not_read: { text: 'images of a format that is not read', remedy: 'convert them to PNG', isLoss: true },
  duplicate: { text: 'members with the name of a later one, which counts', isLoss: true },
  member_link: { text: 'members that are links, and not hard links to an earlier member', isLoss: true },
  member_sparse: { text: 'sparse members', remedy: 'write the shard without tar -S', isLoss: true },
  member_kind: { text: 'members that are no regular files, though named like samples', isLoss: true },
  shard_suffix: {
    text: 'shards that do not end in .tar',
    remedy: 'unpack what is compressed, so that members can be read where they lie',
    isLoss: true,
  },
  hidden: { text: 'hidden: names that start with a dot, __MACOSX', isLoss: false },
  other_file: { text: 'files without the suffix of an image', isLoss: false },
};

const examplesKept = 3;

/** Counts what is left out, in bounded memory. */
export class LeftOutTally {
  readonly #found = new Map<LeftOutKind, { count: number; examples: string[] }>();

  add(kind: LeftOutKind, key: string, count = 1): void {
    const found = this.#found.get(kind);
    if (found === undefined) this.#found.set(kind, { count, examples: [key] });
    else {
      found.count += count;
      keep(found.examples, key);
    }
  }

  addAll(leftOut: readonly LeftOut[]): void {
    for (const { kind, count, examples } of leftOut)
      for (const [i, key] of examples.entries()) this.add(kind, key, i === 0 ? count : 0);
  }

  list(): LeftOut[] {
    return Object.keys(leftOutMeanings).flatMap((name) => {
      const kind = name as LeftOutKind;
      const found = this.#found.get(kind);
      return found === undefined ? [] : [{ kind, count: found.count, examples: found.examples }];
    });
  }
}

/** How many samples are lost, and how many of these are not in the index. */
export function lossOf(leftOut: readonly LeftOut[]): { readonly lost: number; readonly missing: number } {
  const losses = leftOut.filter(({ kind }) => leftOutMeanings[kind].isLoss);
  const sum = (some: readonly LeftOut[]) => some.reduce((total, { count }) => total + count, 0);
  return { lost: sum(losses), missing: sum(losses.filter(({ kind }) => kind !== 'empty')) };
}

function keep(examples: string[], key: string): void {
  if (examples.length === examplesKept && key >= examples.at(-1)!) return;
  examples.push(key);
  examples.sort();
  examples.length = Math.min(examples.length, examplesKept);
}
