/**
 * JSON with the keys of every object in code-unit order and no spaces: equal values give equal text, whatever order they
 * were written in. Numbers as ECMAScript writes them (as RFC 8785 does).
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    // Code-unit order, not a locale's; fromEntries would still put integer-like keys first, which is an order as well.
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
