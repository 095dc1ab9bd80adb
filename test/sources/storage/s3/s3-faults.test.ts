import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOfCredentials, s3Fault } from '../../../../src/sources/storage/s3/s3-faults.js';

const told = (name: string, status?: number, more = {}) =>
  s3Fault(
    's3://b/a',
    Object.assign(new Error('HIDDEN'), { name, $metadata: { httpStatusCode: status }, ...more }),
    false,
  );

test('what a person must mend is told with what to do, and what time may mend is not', () => {
  assert.match(told('AccessDenied', 403).remedy!, /s3:GetObject/);
  assert.match(told('ExpiredToken', 400).remedy!, /Renew the credentials/);
  assert.match(told('PermanentRedirect', 301, { Region: 'eu-central-1' }).remedy!, /Set AWS_REGION to eu-central-1/);
  assert.match(told('NoSuchBucket', 404).remedy!, /AWS_ENDPOINT_URL_S3/);
  for (const fault of [
    told('SlowDown', 503),
    told('InternalError', 500),
    told('TimeoutError'),
    told('UnknownError', 503),
  ])
    assert.deepEqual([fault.mayPass, fault.remedy], [true, null]);
});

test('nothing of the client’s error is kept but its name', () => {
  for (const name of ['AccessDenied', 'SignatureDoesNotMatch', 'InvalidAccessKeyId', 'SlowDown']) {
    const fault = told(name, name === 'SlowDown' ? 503 : 403);
    assert.equal(fault.code, name);
    assert.ok(!`${fault.message} ${fault.remedy} ${fault.cause}`.includes('HIDDEN'));
  }
  assert.ok(isOfCredentials(told('InvalidAccessKeyId', 403)) && !isOfCredentials(told('AccessDenied', 403)));
});
