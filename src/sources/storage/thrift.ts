const [byteType, doubleType, binaryType, listType, structType] = [3, 7, 8, 9, 12];
const [firstVarint, lastVarint] = [4, 6];
/** Deeper nothing of Parquet is nested. */
const deepest = 24;
/** Bytes of the longest number, of 64 bits. */
const longestVarint = 10;

/**
 * Goes over a struct of Thrift's compact protocol as a reader would, and throws where it is none that a few bytes can tell of: who reads it
 * makes room for lists by the lengths that they say, and lists in lists can say any.
 *
 * @param at where the struct starts.
 * @returns where it ends.
 * @throws Error where it ends after the bytes, a list has more values than there are bytes, or nesting has no end.
 */
export function checkThrift(bytes: Uint8Array, at: number): number {
  let next = at;
  const byte = (): number => {
    if (next >= bytes.length) throw new Error('thrift that ends after its bytes');
    return bytes[next++]!;
  };
  const number = (): number => {
    let value = 0;
    for (let i = 0; i < longestVarint; i++) {
      const one = byte();
      value += (one & 127) * 2 ** (7 * i);
      if (one < 128) return value;
    }
    throw new Error('thrift with a number of more than 64 bits');
  };
  const skip = (count: number): void => {
    if (count > bytes.length - next) throw new Error(`thrift with ${count} values or bytes, more than are left`);
    next += count;
  };
  const list = (depth: number): void => {
    checkDepth(depth);
    const head = byte();
    const count = head >> 4 === 15 ? number() : head >> 4;
    const type = head & 15;
    if (count > bytes.length - next) throw new Error(`thrift with ${count} values or bytes, more than are left`);
    // Truth values have a byte each where they are in a list.
    if (type <= byteType) skip(count);
    else for (let i = 0; i < count; i++) value(type, depth);
  };
  const value = (type: number, depth: number): void => {
    if (type === byteType) skip(1);
    else if (type >= firstVarint && type <= lastVarint) number();
    else if (type === doubleType) skip(8);
    else if (type === binaryType) skip(number());
    else if (type === listType) list(depth + 1);
    else if (type === structType) struct(depth + 1);
    else if (type > byteType) throw new Error(`thrift with a value of type ${type}`);
  };
  const struct = (depth: number): void => {
    checkDepth(depth);
    for (let head = byte(); (head & 15) !== 0; head = byte()) {
      if (head >> 4 === 0) number();
      value(head & 15, depth);
    }
  };
  struct(0);
  return next;
}

function checkDepth(depth: number): void {
  if (depth > deepest) throw new Error('thrift that is nested too deeply');
}
