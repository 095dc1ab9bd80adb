import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveS3, s3Place } from '../../../../src/sources/storage/s3/s3-url.js';

test('a URL says service, bucket and key', () => {
  assert.deepEqual(s3Place('s3://b/a/b c?.jpg'), { endpoint: null, bucket: 'b', key: 'a/b c?.jpg' });
  assert.deepEqual(s3Place('s3+http://h:9000/b/a'), { endpoint: 'http://h:9000', bucket: 'b', key: 'a' });
  assert.deepEqual(s3Place('gs://b'), { endpoint: 'https://storage.googleapis.com', bucket: 'b', key: '' });
  assert.equal(resolveS3('S3://bucket/A/'), 's3://bucket/A');
});

test('a URL that holds credentials, or no bucket, is refused and not repeated', () => {
  for (const url of ['s3://key:secret@bucket/a', 's3+https://key:secret@h/b/a', 's3:///a', 's3+https://h'])
    assert.throws(
      () => resolveS3(url),
      (error: Error & { reason: string }) => error.reason === 'CONFIG_INVALID' && !error.message.includes('secret'),
    );
});
