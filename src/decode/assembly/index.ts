export { clearTables, huffmanTable } from './huffman';
export { begin, components, decodeRows, quantTable, rows } from './scan';
export { scanEnd } from './stream';
export { unfilterRows } from './unfilter';

/** The first address that is free. */
export function arenaStart(): usize {
  return (__heap_base + 63) & ~63;
}
