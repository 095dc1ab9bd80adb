import assert from 'node:assert/strict';
import { closeSync, fstatSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { openShared, putShared, takeShared } from '../../src/decode/shared-file.js';

test('bytes come back from a file in memory that has no name and does not stay large', () => {
  const named = readdirSync('/dev/shm');
  const file = openShared()!;
  try {
    assert.deepEqual(readdirSync('/dev/shm'), named);
    for (const length of [0, 5, 3, 9 << 20]) {
      const bytes = Buffer.alloc(length, length % 251);
      assert.ok(putShared(file, bytes));
      const back = Buffer.alloc(length);
      takeShared(file, back);
      assert.ok(back.equals(bytes));
    }
    assert.equal(fstatSync(file).size, 0);
  } finally {
    closeSync(file);
  }
});

test('without a file there is no room', () => {
  assert.equal(putShared(null, Buffer.alloc(1)), false);
});
