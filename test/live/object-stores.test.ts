import assert from 'node:assert/strict';
import { copyFile, cp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { stringify } from 'yaml';
import { indexedSamples, startServer, temporaryFolder, tributary } from '../fleet.js';
import { noNginx, startNginx } from '../sources/storage/http/nginx.js';
import { failingProxy } from '../sources/storage/objects/failing-proxy.js';
import { noRadosgw, startRadosgw } from '../sources/storage/s3/radosgw.js';
import { age, tarOf, writeTree } from '../sources/tree.js';

const names = ['imagenet', 'datacomp', 'hub'] as const;
const run = {
  recipe: 'dinov3',
  sources: [...names, 'many'],
  weights: { imagenet: 1, datacomp: 1, hub: 1, many: 1 },
  seed: 7,
  image_size: 32,
  global_batch: 8,
  epochs: 2,
};

/** Where manifests lie in a store, and how they get there. */
interface FarIndex {
  readonly url: string;
  readonly put: (name: string, path: string) => Promise<unknown>;
}

/** Indexes these sources, and serves their one run; returns the config and the replica's address. */
async function served(
  t: TestContext,
  sources: Record<string, string>,
  far?: FarIndex,
  env: NodeJS.ProcessEnv = {},
): Promise<{ readonly config: string; readonly address: string }> {
  const folder = await temporaryFolder(t);
  const config = join(folder, 'tributary.yaml');
  await writeFile(config, stringify({ sources, runs: { run }, ...(far && { index: far.url }) }));
  const out = far === undefined ? [] : ['--out', join(folder, 'out')];
  const { code, stderr } = await tributary(['index', '--config', config, ...out], { env });
  assert.equal(code, 0, stderr);
  for (const name of far === undefined ? [] : await readdir(join(folder, 'out')))
    await far!.put(name, join(folder, 'out', name));
  return { config, address: (await startServer(t, 'serve', ['--config', config, '--insecure'], { env })).address };
}

/** What a fetch of steps printed, without places; and what it said. */
async function batches(t: TestContext, { address }: { readonly address: string }, step: number, steps: number) {
  const out = await temporaryFolder(t);
  const place = ['--run', 'run', '--epoch', '0', '--step', `${step}`, '--steps', `${steps}`, '--out', out];
  const { code, stdout, stderr } = await tributary(['fetch', '--address', address, ...place]);
  return { code, stderr, crcs: [...stdout.matchAll(/crc32 [0-9a-f]{8}/g)].map(String) };
}

/** A folder with a source in each layout that lies in a store, and a shard of so many samples that a manifest of it has a dozen blocks. */
async function sourceFolder(t: TestContext): Promise<string> {
  const folder = dirname(await indexedSamples(t));
  // With rows of each form of packing, and some that hold no image.
  const forms = fileURLToPath(new URL('../../../test/sources/parquet', import.meta.url));
  await cp(forms, join(folder, 'hub', 'data'), { recursive: true });
  const [image] = await filesOf(join(folder, 'flickr'));
  const content = await readFile(join(folder, 'flickr', image!));
  const shard = join(folder, 'many', 'shards', '0.tar');
  const names = Array.from({ length: 3000 }, (_, i) => `${String(i).padStart(240, '0')}.jpg`);
  await writeTree(folder, { 'many/shards/0.tar': await tarOf(names.map((name) => [name, content] as const)) });
  // What is so old is not looked into again at a start.
  await age(shard);
  return folder;
}

function localSources(folder: string): Record<string, string> {
  return Object.fromEntries(run.sources.map((name) => [name, join(folder, name)]));
}

/** A file's path inside a folder, for every file below it. */
async function filesOf(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((file) => file.isFile()).map((file) => relative(folder, join(file.parentPath, file.name)));
}

test('a web server gives the batches of local files', { skip: noNginx }, async (t) => {
  const folder = await sourceFolder(t);
  const local = await served(t, localSources(folder));
  const { host, folder: root } = await startNginx(t);
  for (const name of names) await symlink(join(folder, name), join(root, name));
  const put = async (name: string, path: string): Promise<void> => {
    await copyFile(path, join(root, name));
    await age(join(root, name));
  };
  const sources = {
    imagenet: `${host}/json/imagenet`,
    datacomp: `${host}/html/datacomp`,
    hub: `${host}/json/hub`,
    many: join(folder, 'many'),
  };
  const web = await served(t, sources, { url: `${host}/plain`, put });
  const expected = await batches(t, local, 0, 3);
  assert.equal(expected.crcs.length, 3);
  assert.deepEqual(await batches(t, web, 0, 3), expected);

  // What reads the manifests by itself is told the same by them.
  const said = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await tributary([...args, '--config', web.config]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  assert.equal(await said('diff', 'run', 'run', '--other-config', local.config, '--steps', '0..20'), '');
  const { samples } = JSON.parse(await said('plan', '--run', 'run', '--epoch', '0', '--steps', '7'));
  const { source, key } = samples[3];
  const found = await said('find', '--run', 'run', '--source', source, '--key', key);
  assert.match(found, /^{"epoch":0,"step":7,"slot":3,/m);
});

test('S3 gives the batches of local files, whatever fails', {
  skip: noRadosgw,
}, async (t) => {
  const folder = await sourceFolder(t);
  const server = await startRadosgw();
  t.after(() => server.stop());
  const proxy = await failingProxy(t, server.port);
  const env = { AWS_ACCESS_KEY_ID: server.accessKey, AWS_SECRET_ACCESS_KEY: server.secretKey, AWS_REGION: 'us-east-1' };
  const credentials = { accessKeyId: server.accessKey, secretAccessKey: server.secretKey };
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${server.port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials,
  });
  await client.send(new CreateBucketCommand({ Bucket: 'images' }));
  const put = (Key: string, Body: Buffer) => client.send(new PutObjectCommand({ Bucket: 'images', Key, Body }));
  for (const name of names)
    for (const path of await filesOf(join(folder, name)))
      await put(`${name}/${path}`, await readFile(join(folder, name, path)));

  const local = await served(t, localSources(folder));
  const expected = await batches(t, local, 0, 2);
  let asked = 0;
  proxy.fail = ({ range }) => {
    asked++;
    if (asked % 5 === 0) return { kind: 'status', status: 503, text: '<Error><Code>SlowDown</Code></Error>' };
    if (asked % 7 === 0 && range !== undefined) return { kind: 'cut', bytes: asked % 1000 };
    return null;
  };
  const inStore = names.map((name) => [name, `s3+http://127.0.0.1:${proxy.port}/images/${name}`] as const);
  const sources = { ...Object.fromEntries(inStore), many: join(folder, 'many') };
  const url = `s3+http://127.0.0.1:${proxy.port}/images/index`;
  const putManifest = async (name: string, path: string) => put(`index/${name}`, await readFile(path));
  const store = await served(t, sources, { url, put: putManifest }, env);
  assert.deepEqual(await batches(t, store, 0, 2), expected);
  assert.ok(asked > 50);

  // Shards of the same size with other pixels, while the replica runs: it waits for those that were indexed.
  const shards = (await filesOf(join(folder, 'datacomp'))).filter((path) => path.endsWith('.tar'));
  const contents = await Promise.all(shards.map((path) => readFile(join(folder, 'datacomp', path))));
  for (const [i, path] of shards.entries()) await put(`datacomp/${path}`, damaged(contents[i]!));
  let reads = 0;
  const isRefused = new Promise<void>((resolve) => {
    proxy.fail = ({ path, range }) => {
      // More than the step has samples: it has been refused, and was asked for again.
      if (range !== undefined && path.includes('.tar') && ++reads > run.global_batch) resolve();
      return null;
    };
  });
  const waiting = batches(t, store, 2, 1);
  assert.equal(await Promise.race([waiting, isRefused]), undefined);
  for (const [i, path] of shards.entries()) await put(`datacomp/${path}`, contents[i]!);
  assert.deepEqual(await waiting, await batches(t, local, 2, 1));
});

/** The same tar file with a byte of each half kilobyte of data another: its headers stay. */
function damaged(tar: Buffer): Buffer {
  const other = Buffer.from(tar);
  for (let at = 1536; at + 512 < other.length; at += 512)
    if (tar.toString('latin1', at + 257, at + 262) !== 'ustar') other[at + 100] = tar[at + 100]! ^ 255;
  return other;
}
