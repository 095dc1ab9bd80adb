/**
 * Texts in memory that threads share: as 32-bit numbers how many they are and where each ends, then all of them in UTF-8. Who wants one of
 * many takes it out by `textAt`, and makes no string of the others.
 */
export function packTexts(texts: readonly string[]): SharedArrayBuffer {
  const head = 4 * (texts.length + 1);
  const lengths = texts.map((text) => Buffer.byteLength(text));
  const packed = new SharedArrayBuffer(lengths.reduce((sum, length) => sum + length, head));
  const numbers = new Uint32Array(packed, 0, texts.length + 1);
  const bytes = Buffer.from(packed);
  numbers[0] = texts.length;
  let end = head;
  for (const [index, text] of texts.entries()) {
    bytes.write(text, end);
    end += lengths[index]!;
    numbers[index + 1] = end;
  }
  return packed;
}

/** One of the texts that `packTexts` packed; an empty one where there are not so many. */
export function textAt(packed: SharedArrayBuffer, index: number): string {
  const count = new Uint32Array(packed, 0, 1)[0]!;
  if (index >= count) return '';
  const [start, end] = [index === 0 ? 4 * (count + 1) : endOf(packed, index - 1), endOf(packed, index)];
  return Buffer.from(packed, start, end - start).toString('utf8');
}

function endOf(packed: SharedArrayBuffer, index: number): number {
  return new Uint32Array(packed, 4 * (index + 1), 1)[0]!;
}
