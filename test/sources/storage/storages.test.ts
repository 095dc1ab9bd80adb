import assert from 'node:assert/strict';
import { test } from 'node:test';
import { below, storageOf } from '../../../src/sources/storage/storages.js';

test('a path and a file: URL are local, and an unknown scheme is refused with those that there are', () => {
  for (const url of ['/data/a:b/x', 'data/x', 'file:///data']) assert.equal(storageOf(url), storageOf('/'));
  for (const url of ['s3://bucket/x', 'constructor://x'])
    assert.throws(() => storageOf(url), { reason: 'CONFIG_INVALID', message: /starts with file:.*but got/ });
});

test('what lies below a folder is named as it is', () => {
  assert.equal(below('/data', 'a/%20.jpg'), '/data/a/%20.jpg');
  assert.equal(below('s3://bucket', 'a'), 's3://bucket/a');
  assert.equal(below('/', 'a'), '/a');
  assert.equal(below('/data', ''), '/data');
});
