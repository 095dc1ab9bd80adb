import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discard } from '../../src/memory/discard.js';

test('what is discarded is freed at once, without the collector', () => {
  const before = process.memoryUsage.rss();
  let most = 0;
  for (let i = 0; i < 40; i++) {
    const bytes = Buffer.alloc(50_000_000, i);
    most = Math.max(most, process.memoryUsage.rss() - before);
    discard(bytes);
    assert.equal(bytes.length, 0);
  }
  assert.ok(most < 150_000_000, `${most} bytes more`);
});

test("memory of Node's pool and shared memory are left alone, however large the pool", () => {
  const pooled = Buffer.from('abc');
  const shared = new Uint8Array(new SharedArrayBuffer(100_000));
  discard(pooled);
  discard(shared);
  assert.equal(pooled.toString(), 'abc');
  assert.equal(shared.length, 100_000);
});
