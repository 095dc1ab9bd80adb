/**
 * Compares two names by code point, as Python compares `str`. JavaScript's `<` compares UTF-16 units, which puts
 * U+1F600 before U+FF21.
 */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Moves surrogates above all other units, which is where the code points that they spell belong. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Sorts names in place by code point. */
export function sortNames(names: string[]): string[] {
  return names.some((name) => /[\ud800-\udfff]/.test(name)) ? names.sort(compareNames) : names.sort();
}

/**
 * Compares the key `start..end` of `keys` with another, UTF-8, as Python compares their `Path` objects: component by component, each by code point. UTF-8
 * keeps the order of code points, and a separator that sorts below every byte makes components compare first.
 */
export function compareKeys(keys: Uint8Array, start: number, end: number, key: Uint8Array): number {
  const length = Math.min(end - start, key.length);
  for (let i = 0; i < length; i++) {
    const x = keys[start + i]!;
    const y = key[i]!;
    if (x !== y) return (x === slash ? 0 : x) - (y === slash ? 0 : y);
  }
  return end - start - key.length;
}

const slash = 0x2f;
