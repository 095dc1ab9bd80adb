// zlib's polynomial, bits reversed: bit 31 is x^0.
const polynomial = 0xedb88320;
const one = 0x80000000;

/**
 * The CRC-32 of bytes that stand one after the other in parts of `length` bytes, from the parts' own.
 *
 * Source: zlib crc32.c, `crc32_combine`.
 *
 * @param crcs the CRC-32 of each part, in order.
 */
export function combineCrc32(crcs: readonly number[], length: number): number {
  const shift = power(length * 8);
  let whole = 0;
  for (const crc of crcs) whole = product(shift, whole) ^ crc;
  return whole >>> 0;
}

/** x^bits modulo the polynomial. */
function power(bits: number): number {
  let result = one;
  let square = one >>> 1;
  for (let rest = bits; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = product(square, result);
    square = product(square, square);
  }
  return result;
}

/** `a * b` modulo the polynomial. */
function product(a: number, b: number): number {
  let sum = 0;
  for (let bit = one, factor = b; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) sum ^= factor;
    factor = (factor & 1) !== 0 ? (factor >>> 1) ^ polynomial : factor >>> 1;
  }
  return sum;
}
