/**
 * Goes over numbers in runs, as Parquet has levels and the numbers of a dictionary's values (Encodings.md, "Run Length Encoding / Bit-Packing
 * Hybrid"), and throws where a run is longer than the numbers that are to come: who reads them believes each run how long it is. What is packed may be
 * padded, as DuckDB pads it to 256 numbers.
 *
 * @param width bits of a number.
 * @param most numbers that are to come at the most.
 * @returns how many numbers there are, up to `most`.
 * @throws Error for a run that is longer.
 */
export function checkRuns(bytes: Uint8Array, width: number, most: number): number {
  let seen = 0;
  for (let at = 0; at < bytes.length && seen < most; ) {
    let head = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      head += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
      if (shift === 28) throw new Error('a run with a length of more than 32 bits');
    }
    const isPacked = head % 2 === 1;
    const count = Math.floor(head / 2) * (isPacked ? 8 : 1);
    if (count > most - seen + (isPacked ? mostPadding : 7))
      throw new Error(`a run of ${count} numbers where ${most - seen} were to come`);
    at += isPacked ? (count * width) / 8 : (width + 7) >> 3;
    seen += count;
  }
  return Math.min(seen, most);
}

/** Numbers behind those that are wanted, at the most. */
const mostPadding = 4096;

/** Bits that numbers up to this one take. */
export function bitsFor(most: number): number {
  return 32 - Math.clz32(most);
}
