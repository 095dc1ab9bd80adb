import { type HashKey, keyedWord, mix } from './hash.js';

/** A keyed order of the numbers 0 to n - 1: what `permute` and `invert` need, a few dozen bytes for any n. */
export interface Permutation {
  readonly n: number;
  readonly leftMask: number;
  readonly rightMask: number;
  readonly roundKeys: Int32Array;
}

/**
 * Makes the permutation of [0, n) of a key.
 *
 * A Feistel network over the smallest power of two that holds n (two halves of at most 27 bits, so plain numbers do), with
 * cycle walking: what falls outside [0, n) goes through the network again, on average less than twice. A round replaces one
 * half by its XOR with `mix(other half ^ round key)`; even rounds change the left (upper, larger) half, odd rounds the right.
 *
 * @param n in [1, 2^53)
 */
export function makePermutation(n: number, key: HashKey): Permutation {
  let bits = 0;
  while (2 ** bits < n) bits++;
  const rightBits = bits >>> 1;
  // An even number of rounds changes both halves equally often; halves of one to four bits need more before all orders are
  // equally likely.
  const roundKeys = new Int32Array(n <= 256 ? 32 : 12);
  for (let round = 0; round < roundKeys.length; round++) roundKeys[round] = keyedWord(key, round);
  return { n, leftMask: 2 ** (bits - rightBits) - 1, rightMask: 2 ** rightBits - 1, roundKeys };
}

/** The number at `position` of the permuted order. O(1). @param position in [0, n) */
export function permute({ n, leftMask, rightMask, roundKeys }: Permutation, position: number): number {
  const width = rightMask + 1;
  let x = position;
  do {
    let left = Math.floor(x / width);
    let right = x - left * width;
    for (let round = 0; round < roundKeys.length; round += 2) {
      left ^= mix(right ^ roundKeys[round]!) & leftMask;
      right ^= mix(left ^ roundKeys[round + 1]!) & rightMask;
    }
    x = left * width + right;
  } while (x >= n);
  return x;
}

/** The position at which `number` stands: `permute(p, invert(p, x)) === x`. O(1). @param number in [0, n) */
export function invert({ n, leftMask, rightMask, roundKeys }: Permutation, number: number): number {
  const width = rightMask + 1;
  let x = number;
  do {
    let left = Math.floor(x / width);
    let right = x - left * width;
    for (let round = roundKeys.length - 2; round >= 0; round -= 2) {
      right ^= mix(left ^ roundKeys[round + 1]!) & rightMask;
      left ^= mix(right ^ roundKeys[round]!) & leftMask;
    }
    x = left * width + right;
  } while (x >= n);
  return x;
}
