import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { batchSeed, hashKey, keyedWord, mix, sampleSeed, xxh32 } from '../../src/plan/hash.js';

test('xxh32 is that of the xxHash project', () => {
  const digest = (text: string, seed: number) => {
    const bytes = new TextEncoder().encode(text);
    return xxh32(bytes, bytes.length, seed).toString(16).padStart(8, '0');
  };
  assert.equal(digest('', 0), '02cc5d05');
  assert.equal(digest('a', 0), '550d7456');
  assert.equal(digest('abc', 0), '32d153ff');
  assert.equal(digest('Nobody inspects the spammish repetition', 0), 'e2293b2f');
});

test('every part of an identity moves the seed', () => {
  const seed = sampleSeed(1, 2, 'source', 'key', 3);
  const others = [
    sampleSeed(2, 2, 'source', 'key', 3),
    sampleSeed(1 + 2 ** 32, 2, 'source', 'key', 3),
    sampleSeed(1, 3, 'source', 'key', 3),
    sampleSeed(1, 2, 'sourcek', 'ey', 3),
    sampleSeed(1, 2, 'sourc', 'ekey', 3),
    sampleSeed(1, 2, 'source', 'Key', 3),
    sampleSeed(1, 2, 'source', 'key', 2),
    sampleSeed(2, 1, 'source', 'key', 3),
    sampleSeed(1, 3, 'source', 'key', 2),
  ];
  assert.equal(new Set([seed, ...others]).size, others.length + 1);
});

test('a batch has the seed of its address, whatever the number of ranks', () => {
  const seed = (runSeed: number, epoch: number, step: number, rank: number, worldSize = 4) =>
    batchSeed(runSeed, { epoch, step, rank, worldSize });
  // python/tests/test_seeds.py has the same numbers, from the definition written again in Python.
  assert.deepEqual(
    [seed(0, 0, 0, 0), seed(0, 0, 0, 1), seed(42, 3, 1000, 12, 16), seed(2 ** 53 - 1, 1, 2 ** 40, 0)],
    [1146314743, 1066922614, 1086336122, 4257785481],
  );
  assert.equal(seed(7, 1, 2, 3, 8), seed(7, 1, 2, 3, 4));
  const others = [seed(8, 1, 2, 3), seed(7, 2, 1, 3), seed(7, 1, 3, 3), seed(7, 1, 2, 0), sampleSeed(7, 1, '', '3', 2)];
  assert.equal(new Set([seed(7, 1, 2, 3), ...others]).size, 6);
});

test('texts of any script and length hash as their UTF-8 does', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 2000 }), (key) => {
      const bytes = new TextEncoder().encode(key);
      const message = new Uint8Array(29 + bytes.length);
      message[8] = 7;
      message[24] = 1;
      message[28] = 115;
      message.set(bytes, 29);
      assert.equal(sampleSeed(0, 7, 's', key, 0), xxh32(message, message.length, 0));
    }),
  );
});

test('a changed bit of an identity changes half the bits of its seed', () => {
  let flipped = 0;
  const pairs = 20_000;
  for (let i = 0; i < pairs; i++) {
    let different = (sampleSeed(5, 0, 's', `k${i}`, 0) ^ sampleSeed(5, 1, 's', `k${i}`, 0)) >>> 0;
    for (; different !== 0; different &= different - 1) flipped++;
  }
  // The mean of 640,000 fair bits lies within 0.0025 (four standard deviations) of a half.
  assert.ok(Math.abs(flipped / (32 * pairs) - 0.5) < 0.0025, `${flipped / (32 * pairs)}`);
});

test('seeds collide no more often than chance has it', () => {
  const n = 200_000;
  const seeds = new Set<number>();
  for (let i = 0; i < n; i++) seeds.add(sampleSeed(0, 0, 'imagenet', `train/n01440764/n01440764_${i}.JPEG`, 0));
  // n^2 / 2^33 = 4.66 pairs are expected; more than 14 come up once in 10,000 keys.
  assert.ok(n - seeds.size <= 14, `${n - seeds.size} collisions`);
});

test('mix is a bijection of what it is tried on, and keyed words are 32 unsigned bits', () => {
  const seen = new Set<number>();
  for (let x = 0; x < 100_000; x++) seen.add(mix(x));
  assert.equal(seen.size, 100_000);
  const key = hashKey('draw', 1, 2, 3, 's');
  for (let i = 0; i < 1000; i++) {
    const word = keyedWord(key, i);
    assert.ok(Number.isInteger(word) && word >= 0 && word < 2 ** 32);
  }
});

test('keys of different purposes differ', () => {
  const keys = (['walk', 'order', 'draw'] as const).map((purpose) => hashKey(purpose, 1, 2, 3, 's'));
  assert.equal(new Set(keys.flatMap(({ low, high }) => [low, high])).size, 6);
});
