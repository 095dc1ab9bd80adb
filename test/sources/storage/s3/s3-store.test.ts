import { after, type TestContext, test } from 'node:test';
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { objectStorage } from '../../../../src/sources/storage/objects/object-storage.js';
import { usualPatience } from '../../../../src/sources/storage/objects/try-again.js';
import { s3Store } from '../../../../src/sources/storage/s3/s3-store.js';
import { storageTests, type Tried } from '../conformance.js';
import { failingProxy } from '../objects/failing-proxy.js';
import { faultTests } from '../objects/fault-cases.js';
import { noRadosgw, startRadosgw } from './radosgw.js';

if (noRadosgw) test('S3', { skip: noRadosgw }, () => {});
else {
  const server = await startRadosgw();
  after(() => server.stop());
  const { port, accessKey: accessKeyId, secretKey: secretAccessKey } = server;
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
  let buckets = 0;

  const start = async (_context: TestContext): Promise<Tried> => {
    const Bucket = `bucket-${buckets++}`;
    await client.send(new CreateBucketCommand({ Bucket }));
    return {
      storage: objectStorage(s3Store()),
      root: `s3+http://127.0.0.1:${port}/${Bucket}/data`,
      async put(path, Body) {
        await client.send(new PutObjectCommand({ Bucket, Key: `data/${path}`, Body }));
      },
      async remove(path) {
        await client.send(new DeleteObjectCommand({ Bucket, Key: `data/${path}` }));
      },
      link: null,
    };
  };

  storageTests('S3', start);
  faultTests('S3', async (context) => {
    const tried = await start(context);
    const proxy = await failingProxy(context, port);
    const storage = objectStorage(s3Store(), { ...usualPatience, pauseMs: 1, stallMs: 300 });
    const slowDown = '<Error><Code>SlowDown</Code></Error>';
    return { ...tried, storage, root: tried.root.replace(String(port), String(proxy.port)), proxy, slowDown };
  });
}
