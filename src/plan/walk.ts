import { hashKey } from './hash.js';
import type { PlanInput } from './input.js';
import { makePermutation, type Permutation } from './permutation.js';

/** The order in which one pass of an epoch goes through a source, keyed by (run seed, epoch, source name, pass). */
export function walkPermutation(input: PlanInput, epoch: number, source: number, pass: number): Permutation {
  const { name, count } = input.sources[source]!;
  return makePermutation(count, hashKey('walk', input.seed, epoch, pass, name));
}
