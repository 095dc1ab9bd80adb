import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import * as s3 from '@aws-sdk/client-s3';
import { objectStorage } from '../../../../src/sources/storage/objects/object-storage.js';
import { usualPatience } from '../../../../src/sources/storage/objects/try-again.js';
import { readSample } from '../../../../src/sources/storage/read-sample.js';
import { s3Store } from '../../../../src/sources/storage/s3/s3-store.js';
import { signedRequests } from '../../../../src/sources/storage/s3/signed-requests.js';

// The package is pinned to a version that this version of Node can run.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

const place = (key: string) => ({ endpoint: null, bucket: 'bucket', key });

test('a request is signed once for an object, and without a range', async () => {
  let asked = 0;
  const credentials = async () => {
    asked++;
    return { accessKeyId: 'KEY', secretAccessKey: 'secret', sessionToken: 'token', expiration: new Date(0) };
  };
  const client = new s3.S3Client({ region: 'eu-central-1', credentials });
  const sign = signedRequests(client, s3);
  const [first, again] = await Promise.all([sign(place('a b/é#?.tar')), sign(place('a b/é#?.tar'))]);
  const once = asked;
  assert.equal(first, again);
  assert.equal(await sign(place('a b/é#?.tar')), first);
  assert.equal(asked, once);
  assert.equal(first.url, 'https://bucket.s3.eu-central-1.amazonaws.com/a%20b/%C3%A9%23%3F.tar?x-id=GetObject');
  assert.equal(first.headers['x-amz-security-token'], 'token');
  assert.match(first.headers.authorization!, /Credential=KEY\/\d+\/eu-central-1\/s3\/aws4_request/);
  assert.doesNotMatch(first.headers.authorization!, /SignedHeaders=[^,]*range/);
  assert.notEqual((await sign(place('b.tar'))).url, first.url);
});

test('credentials that are not there are asked for again', async () => {
  let asked = 0;
  const credentials = async () => {
    if (asked++ === 0) throw new Error('none yet');
    return { accessKeyId: 'KEY', secretAccessKey: 'secret' };
  };
  const sign = signedRequests(new s3.S3Client({ region: 'eu-central-1', credentials }), s3);
  await assert.rejects(sign(place('a')), /none yet/);
  assert.match((await sign(place('a'))).headers.authorization!, /KEY/);
});

/** Answers an object of four bytes in so many regions, and sends on who asks for it from another. */
async function regionalServer(t: TestContext, region: string) {
  const requests: IncomingHttpHeaders[] = [];
  const server = createServer(({ headers }, answer) => {
    requests.push(headers);
    if (headers.authorization?.includes(`/${region}/s3/`)) {
      answer.writeHead(206, { 'content-range': 'bytes 0-3/4', 'content-length': 4, etag: '"1"' }).end('four');
      return;
    }
    answer.writeHead(301, { 'x-amz-bucket-region': region, 'content-type': 'application/xml' });
    answer.end(`<Error><Code>PermanentRedirect</Code><Region>${region}</Region></Error>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { requests, root: `s3+http://127.0.0.1:${(server.address() as AddressInfo).port}/bucket` };
}

test('a bucket of another region is followed, as by the client', async (t) => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'KEY', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'us-east-1' });
  const { requests, root } = await regionalServer(t, 'eu-central-1');
  const storage = objectStorage(s3Store(), { ...usualPatience, pauseMs: 1 });
  const read = () => readSample({ path: `${root}/a`, root, offset: null, length: 4 }, { storage, retries: 0 });
  assert.equal(String(await read()), 'four');
  const first = requests.splice(0).length;
  assert.equal(String(await read()), 'four');
  assert.ok(requests.length < first, 'it is not asked in the wrong region again, but by the client');
});
