import type { Label, Manifest } from './manifest.js';

/** The labels of a run's samples: one numbering of the classes of all its sources, or each source's own. */
export interface LabelSpace {
  /** The classes in label order; empty where there is none, and where each source has a numbering of its own. */
  readonly classNames: readonly string[];
  /** Whether every label is the one that the sample's manifest has. */
  readonly isOwn: boolean;
  /** The label of a sample; null where it has none. @param source its place among the run's sources */
  of(source: number, index: number): Label | null;
}

/**
 * Numbers the classes of several sources by their names: sources that share a name share the label. Lists that are all alike are
 * kept as they are, which for one source is the order of torchvision's ImageFolder; others become the order of the names by
 * code point, which is ImageFolder's for the class folders of all of them in one folder. Nothing but the lists decides it.
 *
 * @param first lists whose classes have the first labels, among themselves numbered in the same way.
 */
export function joinLabels(manifests: readonly Manifest[], first: readonly (readonly string[])[] = []): LabelSpace {
  const before = joined(first);
  const known = new Set(before);
  const lists = manifests.map(({ classNames }) => classNames);
  const classNames =
    known.size === 0 ? joined(lists) : [...before, ...joined(lists).filter((name) => !known.has(name))];
  if (lists.every((list) => isAlike(list, classNames))) return ownLabels(manifests);
  const labels = new Map(classNames.map((name, index) => [name, { index, name }]));
  const bySource = lists.map((list) => list.map((name) => labels.get(name)!));
  return {
    classNames,
    isOwn: false,
    of(source, index) {
      const own = manifests[source]!.label(index);
      return own === null ? null : bySource[source]![own.index]!;
    },
  };
}

/** Each source's own labels. They are of one numbering only where the labelled sources have the same classes. */
export function ownLabels(manifests: readonly Manifest[]): LabelSpace {
  const [list = [], ...others] = manifests.map(({ classNames }) => classNames).filter(({ length }) => length > 0);
  return {
    classNames: others.every((other) => isAlike(other, list)) ? list : [],
    isOwn: true,
    of: (source, index) => manifests[source]!.label(index),
  };
}

function joined(lists: readonly (readonly string[])[]): readonly string[] {
  const [list = [], ...others] = lists.filter(({ length }) => length > 0);
  if (others.every((other) => isAlike(other, list))) return list;
  // Bytes of UTF-8 sort as code points do, which UTF-16 does not.
  const names = [...new Set(lists.flat())].map((name) => ({ name, bytes: Buffer.from(name, 'utf8') }));
  return names.sort((a, b) => Buffer.compare(a.bytes, b.bytes)).map(({ name }) => name);
}

/** Whether a source of these classes has the labels of `list`: the same list, or no classes at all. */
function isAlike(own: readonly string[], list: readonly string[]): boolean {
  return own.length === 0 || (own.length === list.length && own.every((name, i) => name === list[i]));
}
