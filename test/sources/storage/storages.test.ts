import assert from 'node:assert/strict';
import { test } from 'node:test';
import { below, storageOf } from '../../../src/sources/storage/storages.js';

test('a path and a file: URL are local, and an unknown scheme is refused with those that there are', () => {
  for (const url of ['/data/a:b/x', 'data/x', 'file:///data']) assert.equal(storageOf(url), storageOf('/'));
  for (const url of ['ftp://host/x', 'constructor://x'])
    assert.throws(() => storageOf(url), { reason: 'CONFIG_INVALID', message: /starts with file:.*but got/ });
});

test('each scheme has its storage, and no password is taken in a path', () => {
  assert.equal(storageOf('s3://b/x'), storageOf('s3+https://h/b/x'));
  assert.equal(storageOf('gs://b/x'), storageOf('s3://b/x'));
  assert.equal(storageOf('https://h/x'), storageOf('http://h/x'));
  for (const url of ['https://user:secret@h/x', 'https://h/x?signature=secret', 's3://key:secret@b/x'])
    assert.throws(
      () => storageOf(url).resolve(url),
      (error: Error & { reason: string }) => error.reason === 'CONFIG_INVALID' && !error.message.includes('secret'),
    );
});

test('what lies below a folder is named as it is', () => {
  assert.equal(below('/data', 'a/%20.jpg'), '/data/a/%20.jpg');
  assert.equal(below('s3://bucket', 'a'), 's3://bucket/a');
  assert.equal(below('/', 'a'), '/a');
  assert.equal(below('/data', ''), '/data');
});
