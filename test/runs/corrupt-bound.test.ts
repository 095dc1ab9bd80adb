import assert from 'node:assert/strict';
import { test } from 'node:test';
import { corruptBound, probation } from '../../src/runs/corrupt-bound.js';

function bound(max_corrupt: number): (isCorrupt: boolean) => void {
  return corruptBound({ name: 'r', max_corrupt });
}

test('the share counts after the probation alone', () => {
  const mostlyBroken = bound(0.1);
  for (let i = 0; i < probation; i++) mostlyBroken(true);
  assert.throws(() => mostlyBroken(true), /TOO_MANY_CORRUPT|at most 10 % corrupt/);
});

test('a share at the bound passes, one above it does not', () => {
  const atBound = bound(0.5);
  for (let i = 0; i < 1000; i++) atBound(i % 2 === 1);
  assert.throws(() => {
    atBound(true);
    atBound(true);
  });
  const never = bound(1);
  for (let i = 0; i < 1000; i++) never(true);
});
