import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashKey } from '../../src/plan/hash.js';
import { invert, makePermutation, type Permutation, permute } from '../../src/plan/permutation.js';

const keyed = (n: number, seed: number): Permutation => makePermutation(n, hashKey('walk', seed, 0, 0, ''));
const listed = (n: number, seed: number): number[] => {
  const permutation = keyed(n, seed);
  return Array.from({ length: n }, (_, place) => permute(permutation, place));
};
const assertBijection = (n: number, seed: number) => {
  const permutation = keyed(n, seed);
  const seen = new Uint8Array(n);
  for (let place = 0; place < n; place++) {
    const number = permute(permutation, place);
    assert.ok(number >= 0 && number < n && seen[number] === 0, `n ${n} seed ${seed} place ${place}: ${number}`);
    seen[number] = 1;
    assert.equal(invert(permutation, number), place);
  }
};

test('every n from 1 to 300 is permuted', () => {
  for (let n = 1; n <= 300; n++) assertBijection(n, n);
});

test('primes, and powers of two with their neighbours, are permuted', () => {
  const powers = [9, 12, 15, 16, 17].flatMap((bits) => [2 ** bits - 1, 2 ** bits, 2 ** bits + 1]);
  for (const n of [997, 7919, 104_729, ...powers]) assertBijection(n, 3);
});

test('any n and key gives a bijection', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3000 }), fc.maxSafeNat(), (n, seed) => assertBijection(n, seed)),
    { numRuns: 60 },
  );
});

test('numbers up to 2^53 - 1 go there and back', () => {
  const place = fc
    .tuple(
      fc.oneof(fc.integer({ min: 1, max: 2 ** 53 - 1 }), fc.integer({ min: 2 ** 53 - 9, max: 2 ** 53 - 1 })),
      fc.maxSafeNat(),
    )
    .map(([n, at]) => ({ n, at: at % n }));
  fc.assert(
    fc.property(place, fc.maxSafeNat(), ({ n, at }, seed) => {
      const permutation = keyed(n, seed);
      const number = permute(permutation, at);
      assert.ok(Number.isSafeInteger(number) && number >= 0 && number < n);
      assert.equal(invert(permutation, number), at);
    }),
    { numRuns: 2000 },
  );
});

test('a range of 10^15 has no two places of one number', () => {
  const permutation = keyed(1e15, 8);
  const seen = new Set<number>();
  for (let place = 0; place < 50_000; place++) seen.add(permute(permutation, place));
  assert.equal(seen.size, 50_000);
});

/** Pearson's statistic of counts against equal chances, as standard deviations from its mean (n - 1). */
const chiSquare = (counts: readonly number[]): number => {
  const expected = counts.reduce((a, b) => a + b) / counts.length;
  const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  return (statistic - (counts.length - 1)) / Math.sqrt(2 * (counts.length - 1));
};

test('small ranges come in each of their orders equally often', () => {
  for (const [n, orders] of [
    [2, 2],
    [3, 6],
    [4, 24],
    [5, 120],
    [6, 720],
  ] as const) {
    const counts = new Map<string, number>();
    const keys = 60 * orders + 40_000;
    for (let seed = 0; seed < keys; seed++) {
      const order = listed(n, seed).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    assert.equal(counts.size, orders);
    assert.ok(Math.abs(chiSquare([...counts.values()])) < 4, `n ${n}: ${chiSquare([...counts.values()])}`);
  }
});

test('each place holds each number equally often over keys', () => {
  for (const n of [7, 16, 33, 100]) {
    const first = new Array<number>(n).fill(0);
    const last = new Array<number>(n).fill(0);
    const middle = new Array<number>(n).fill(0);
    for (let seed = 0; seed < 400 * n; seed++) {
      const permutation = keyed(n, seed);
      first[permute(permutation, 0)]!++;
      middle[permute(permutation, n >> 1)]!++;
      last[permute(permutation, n - 1)]!++;
    }
    for (const counts of [first, middle, last])
      assert.ok(Math.abs(chiSquare(counts)) < 4, `n ${n}: ${chiSquare(counts)}`);
  }
});

test('places and numbers are uncorrelated, as are neighbours', () => {
  for (const n of [256, 1000, 65_536, 100_003]) {
    const order = listed(n, 11);
    const mean = (n - 1) / 2;
    const variance = (n * n - 1) / 12;
    let withPlace = 0;
    let withNext = 0;
    for (let i = 0; i < n; i++) {
      withPlace += ((i - mean) * (order[i]! - mean)) / variance / n;
      withNext += ((order[i]! - mean) * (order[(i + 1) % n]! - mean)) / variance / n;
    }
    // Of a uniform permutation, both have the standard deviation 1 / sqrt(n - 1).
    assert.ok(Math.abs(withPlace) * Math.sqrt(n) < 4, `n ${n}: ${withPlace}`);
    assert.ok(Math.abs(withNext) * Math.sqrt(n) < 4, `n ${n}: ${withNext}`);
  }
});

test('ascending runs are as many as in a uniform permutation', () => {
  for (const n of [256, 1000, 65_536, 100_003]) {
    const order = listed(n, 12);
    let descents = 0;
    for (let i = 1; i < n; i++) if (order[i]! < order[i - 1]!) descents++;
    // Eulerian numbers: mean (n - 1) / 2, variance (n + 1) / 12.
    const deviation = (descents - (n - 1) / 2) / Math.sqrt((n + 1) / 12);
    assert.ok(Math.abs(deviation) < 4, `n ${n}: ${deviation}`);
  }
});

test('neighbours in the manifest spread over batches as chance has it', () => {
  // 100 classes of 1,000 samples, sorted by class as class folders are: how many of a class come in a batch of 256.
  const n = 100_000;
  const order = listed(n, 13);
  let statistic = 0;
  const batches = Math.floor(n / 256);
  for (let batch = 0; batch < batches; batch++) {
    const counts = new Array<number>(100).fill(0);
    for (let i = 0; i < 256; i++) counts[Math.floor(order[batch * 256 + i]! / 1000)]!++;
    for (const count of counts) statistic += (count - 2.56) ** 2 / 2.56;
  }
  const degrees = batches * 99;
  const deviation = (statistic - degrees) / Math.sqrt(2 * degrees);
  // Drawing without replacement makes the spread narrower by 256 / 100,000, which is 0.5 of these deviations.
  assert.ok(Math.abs(deviation) < 4, `${deviation}`);
});

test('two passes share no more places than two uniform permutations', () => {
  const n = 100_000;
  const a = listed(n, 20);
  const b = listed(n, 21);
  const shared = a.filter((number, place) => number === b[place]).length;
  // Poisson with mean 1.
  assert.ok(shared <= 8, `${shared}`);
});
