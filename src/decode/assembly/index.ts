export { clearTables, huffmanTable } from './huffman';
export { begin, beginAt, components, decodeRows, findPositions, quantTable, rows } from './scan';
export { scanEnd } from './stream';
export { unfilterRows } from './unfilter';

/** The first address that is free. */
export function arenaStart(): usize {
  return (__heap_base + 63) & ~63;
}
