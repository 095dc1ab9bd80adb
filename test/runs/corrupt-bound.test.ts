import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/run/config.js';
import { CorruptBound, probation } from '../../src/runs/corrupt-bound.js';

function bound(maxCorrupt: number): CorruptBound {
  const text = `sources: {a: a}\nruns: {r: {recipe: dinov3, sources: [a], global_batch: 1, max_corrupt: ${maxCorrupt}}}`;
  return new CorruptBound(parseConfig(text, { folder: '/', name: 'test' }).runs.r!);
}

test('the share counts after the probation alone', () => {
  const mostlyBroken = bound(0.1);
  for (let i = 0; i < probation; i++) mostlyBroken.count(true);
  assert.throws(() => mostlyBroken.count(true), /TOO_MANY_CORRUPT|at most 10 % corrupt/);
});

test('a share at the bound passes, one above it does not', () => {
  const atBound = bound(0.5);
  for (let i = 0; i < 1000; i++) atBound.count(i % 2 === 1);
  assert.throws(() => {
    atBound.count(true);
    atBound.count(true);
  });
  const never = bound(1);
  for (let i = 0; i < 1000; i++) never.count(true);
});
