import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { objectStorage } from '../../../../src/sources/storage/objects/object-storage.js';
import { usualPatience } from '../../../../src/sources/storage/objects/try-again.js';
import { readSample } from '../../../../src/sources/storage/read-sample.js';
import { s3Store } from '../../../../src/sources/storage/s3/s3-store.js';
import { temporaryFolder } from '../../tree.js';
import { noRadosgw, startRadosgw } from './radosgw.js';

const storages = new URL('../../../../src/sources/storage/storages.js', import.meta.url).href;

test('the client is not loaded before the first request of S3', async () => {
  const script = `import { createRequire } from 'node:module';
    const { storageOf } = await import('${storages}');
    const isLoaded = () => Object.keys(createRequire('${storages}').cache).some((path) => path.includes('@aws-sdk/client-s3'));
    await storageOf('/').stat('/');
    storageOf('s3://b').resolve('s3://b');
    console.log(isLoaded());
    await storageOf('s3+http://127.0.0.1:1/b').stat('s3+http://127.0.0.1:1/b').catch(() => {});
    console.log(isLoaded());`;
  const keys = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_REGION: 'us-east-1' };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, ...keys },
  });
  assert.equal(stdout, 'false\ntrue\n');
});

if (noRadosgw) test('S3 credentials', { skip: noRadosgw }, () => {});
else {
  const server = await startRadosgw();
  after(() => server.stop());
  const endpoint = `http://127.0.0.1:${server.port}`;
  const credentials = { accessKeyId: server.accessKey, secretAccessKey: server.secretKey };
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  await client.send(new CreateBucketCommand({ Bucket: 'bucket' }));
  await client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'a.jpg', Body: 'four' }));
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE', 'AWS_REGION'])
    delete process.env[name];
  process.env.AWS_EC2_METADATA_DISABLED = 'true';

  const root = `s3+http://127.0.0.1:${server.port}/bucket`;
  const storage = () => objectStorage(s3Store(), { ...usualPatience, pauseMs: 1 });
  const read = (from = storage()) =>
    readSample({ path: `${root}/a.jpg`, root, offset: null, length: 4 }, { storage: from, retries: 0 });

  test('credentials that are taken away are told, and new ones in their place are found without a restart', async (context) => {
    const file = join(await temporaryFolder(context), 'credentials');
    const keep = (key: string, secret: string) =>
      writeFile(file, `[default]\naws_access_key_id = ${key}\naws_secret_access_key = ${secret}\n`);
    process.env.AWS_SHARED_CREDENTIALS_FILE = file;
    context.after(() => delete process.env.AWS_SHARED_CREDENTIALS_FILE);
    const add = (key: string, secret: string) =>
      server.admin('key', 'create', '--uid', 'user', '--key-type', 's3', '--access-key', key, '--secret-key', secret);
    await add('FIRSTKEY', 'first-secret');
    await keep('FIRSTKEY', 'first-secret');
    const one = storage();
    assert.equal(String(await read(one)), 'four');
    await server.admin('key', 'rm', '--uid', 'user', '--key-type', 's3', '--access-key', 'FIRSTKEY');
    const told = await read(one).then(
      () => null,
      (error) => error,
    );
    assert.equal(told?.reason, 'STORAGE_UNAVAILABLE');
    assert.match(told.message, /credentials that the store does not take.*Renew the credentials/);
    assert.doesNotMatch(
      `${told.stack} ${JSON.stringify(told)} ${told.cause?.stack}`,
      /first-secret|FIRSTKEY|Signature/,
    );
    await add('SECONDKEY', 'second-secret');
    await keep('SECONDKEY', 'second-secret');
    assert.equal(String(await read(one)), 'four');
  });

  test('without credentials a bucket is read if it is public, and else it is said that there are none', async () => {
    process.env.AWS_SHARED_CREDENTIALS_FILE = '/nonexistent';
    process.env.AWS_CONFIG_FILE = '/nonexistent';
    await assert.rejects(read(), {
      reason: 'STORAGE_UNAVAILABLE',
      message: /without credentials, and none were found/,
    });
    await client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'a.jpg', Body: 'four', ACL: 'public-read' }));
    assert.equal(String(await read()), 'four');
  });

  test('a bucket that is not there is no empty source', async () => {
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: server.accessKey, AWS_SECRET_ACCESS_KEY: server.secretKey });
    await assert.rejects(storage().stat(`${root}-other/a`), { code: 'NoSuchBucket', remedy: /AWS_ENDPOINT_URL_S3/ });
  });
}
