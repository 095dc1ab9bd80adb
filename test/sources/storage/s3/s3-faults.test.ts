import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { GetObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import {
  errorOfAnswer,
  isOfCredentials,
  isOfOtherPlace,
  s3Fault,
} from '../../../../src/sources/storage/s3/s3-faults.js';
import type { StorageFault } from '../../../../src/sources/storage/storage.js';

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

test('an answer that is none is told as the client tells it', async () => {
  const region = { 'x-amz-bucket-region': 'eu-central-1' };
  const answers = [
    { status: 403, xml: 'AccessDenied' },
    { status: 403, xml: 'ExpiredToken' },
    { status: 404, xml: 'NoSuchBucket' },
    { status: 403, xml: 'InvalidObjectState' },
    { status: 503, xml: 'SlowDown' },
    { status: 503, xml: null },
    { status: 429, xml: null },
    { status: 404, xml: null },
    { status: 403, xml: null },
    { status: 400, xml: 'AuthorizationHeaderMalformed' },
    { status: 301, xml: 'PermanentRedirect' },
  ];
  for (const { status, xml } of answers) {
    const text =
      xml === null ? '' : `<?xml version="1.0"?>\n<Error><Code>${xml}</Code><Message>HIDDEN</Message></Error>`;
    const requestHandler = {
      handle: async () => ({
        response: { statusCode: status, headers: region, body: Readable.from([Buffer.from(text)]) },
      }),
    };
    const credentials = { accessKeyId: 'KEY', secretAccessKey: 'secret' };
    const client = new S3Client({
      region: 'us-east-1',
      credentials,
      maxAttempts: 1,
      requestHandler: requestHandler as unknown as NonNullable<S3ClientConfig['requestHandler']>,
    });
    const error = await client.send(new GetObjectCommand({ Bucket: 'b', Key: 'a' })).catch((error) => error);
    const shown = ({ code, message, mayPass, remedy }: StorageFault) => ({ code, message, mayPass, remedy });
    const own = errorOfAnswer(status, region, text);
    assert.deepEqual(shown(s3Fault('s3://b/a', own, false)), shown(s3Fault('s3://b/a', error, false)));
    assert.equal(isOfOtherPlace(own), status === 301 || status === 400);
  }
});
