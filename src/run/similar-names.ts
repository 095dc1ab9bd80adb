import leven from 'leven';

/**
 * The names nearest to a mistyped one, best first, at most three; empty where none is near. Near means that at least half
 * of the longer name can stay (Levenshtein distance), or that one name contains the other.
 */
export function nearest(name: string, candidates: readonly string[]): readonly string[] {
  // A name can come from a request: beyond this length no candidate is near, and the distance would cost.
  const wanted = name.slice(0, 64).toLowerCase();
  return candidates
    .map((candidate) => ({ candidate, score: similarity(wanted, candidate.toLowerCase()) }))
    .filter(({ score }) => score >= 0.5)
    .sort((a, b) => b.score - a.score)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** A sentence without its full stop that gives the nearest names, or all of them where none is near and they are few. */
export function suggestion(name: string, candidates: readonly string[]): string {
  const near = nearest(name, candidates);
  if (near.length > 0) return `The nearest ${near.length === 1 ? 'name is' : 'names are'} ${near.join(', ')}`;
  if (candidates.length === 0) return 'There is none to choose from';
  return candidates.length <= 12
    ? `The names are ${candidates.join(', ')}`
    : 'See docs/configuration.md for every name';
}

function similarity(a: string, b: string): number {
  const shorter = a.length < b.length ? a : b;
  const longer = a.length < b.length ? b : a;
  const edits = 1 - leven(a, b) / Math.max(longer.length, 1);
  return shorter.length >= 3 && longer.includes(shorter) ? Math.max(edits, 0.6) : edits;
}
