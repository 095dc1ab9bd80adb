import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { indexSource } from '../../../../src/sources/index-source.js';
import { hubStore } from '../../../../src/sources/storage/hub/hub-store.js';
import { objectStorage } from '../../../../src/sources/storage/objects/object-storage.js';
import { usualPatience } from '../../../../src/sources/storage/objects/try-again.js';
import { readSample } from '../../../../src/sources/storage/read-sample.js';
import { temporaryFolder } from '../../tree.js';
import { storageTests, type Tried } from '../conformance.js';

/** Files by path, as a hub serves them, and what its other host was sent: no hub can run here, so this is what its own client expects. */
async function imitatedHub(context: TestContext) {
  const files = new Map<string, Buffer>();
  const elsewhere: http.IncomingMessage[] = [];
  const oid = (content: Buffer) => createHash('sha256').update(content).digest('hex');
  const listen = async (answer: http.RequestListener): Promise<string> => {
    const server = http.createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    context.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const content = await listen((request, response) => {
    elsewhere.push(request);
    const bytes = files.get(decodeURIComponent(request.url!.slice(1)))!;
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range!)!;
    const end = Math.min(Number(to), bytes.length - 1);
    response.writeHead(206, { 'content-range': `bytes ${from}-${end}/${bytes.length}` });
    response.end(bytes.subarray(Number(from), end + 1));
  });
  const hub = await listen((request, response) => {
    if (request.headers.authorization !== 'Bearer hub-token') return response.writeHead(401).end();
    const url = new URL(request.url!, 'http://hub');
    const [, kind, path = ''] = /^\/(?:api\/)?datasets\/me\/set\/(tree|resolve)\/main\/?(.*)$/.exec(url.pathname)!;
    const name = decodeURIComponent(path);
    if (kind === 'resolve') {
      const bytes = files.get(name);
      if (bytes === undefined) return response.writeHead(404).end();
      const linked = { 'x-linked-size': bytes.length, 'x-linked-etag': `"${oid(bytes)}"` };
      return response.writeHead(302, { ...linked, location: `${content}/${encodeURIComponent(name)}` }).end();
    }
    const prefix = name === '' ? '' : `${name}/`;
    const below = [...files].filter(([file]) => file.startsWith(prefix));
    if (below.length === 0) return response.writeHead(404).end();
    const entries = new Map(
      below.map(([file, bytes]) => {
        const [top, ...rest] = file.slice(prefix.length).split('/');
        const isFile = rest.length === 0;
        const at = prefix + top;
        return [
          at,
          {
            type: isFile ? 'file' : 'directory',
            path: at,
            size: isFile ? bytes.length : 0,
            oid: 'pointer',
            lfs: { oid: oid(bytes) },
          },
        ];
      }),
    );
    // Pages of two.
    const skip = Number(url.searchParams.get('cursor') ?? 0);
    if (skip + 2 < entries.size) {
      url.searchParams.set('cursor', String(skip + 2));
      response.setHeader('link', `<${process.env.HF_ENDPOINT}${url.pathname}${url.search}>; rel="next"`);
    }
    return response.end(JSON.stringify([...entries.values()].slice(skip, skip + 2)));
  });
  process.env.HF_ENDPOINT = hub;
  process.env.HF_TOKEN = 'hub-token';
  return { files, elsewhere };
}

const storage = () => objectStorage(hubStore(), { ...usualPatience, pauseMs: 1 });

storageTests('the hub', async (context): Promise<Tried> => {
  const { files } = await imitatedHub(context);
  return {
    storage: storage(),
    root: 'hf://datasets/me/set/data',
    put: async (path, content) => void files.set(`data/${path}`, content),
    remove: async (path) => void files.delete(`data/${path}`),
    link: null,
  };
});

test('Parquet files of the hub are indexed and read by ranges, at the hub’s own address', async (context) => {
  const { files, elsewhere } = await imitatedHub(context);
  const folder = new URL('../../../../../test/sources/parquet/', import.meta.url);
  for (const form of ['snappy', 'dictionary'])
    files.set(`data/train-${form}.parquet`, await readFile(new URL(`${form}.parquet`, folder)));
  const sums = JSON.parse(await readFile(new URL('sums.json', folder), 'utf8'));
  const path = 'hf://datasets/me/set';
  const indexFolder = await temporaryFolder(context);
  const { manifest } = await indexSource({ name: 's', path, split: 'train', indexFolder });
  const asked = elsewhere.length;
  const read = await Promise.all(Array.from({ length: manifest.count }, (_, i) => readSample(manifest.location(i))));
  assert.deepEqual(
    read.map((bytes) => createHash('sha256').update(bytes).digest('hex')),
    [...sums.dictionary, ...sums.snappy].map(([sum]) => sum),
  );
  assert.ok(elsewhere.length - asked <= manifest.count, 'a request for each sample at the most');
});

test('the hub’s token goes to no other host, and one that it does not take says what to do', async (context) => {
  const { files, elsewhere } = await imitatedHub(context);
  files.set('a.jpg', Buffer.from('four'));
  await storage().open('hf://datasets/me/set/a.jpg');
  assert.deepEqual(
    elsewhere.map(({ headers }) => headers.authorization),
    [undefined],
  );
  process.env.HF_TOKEN = 'another';
  await assert.rejects(storage().open('hf://datasets/me/set/a.jpg'), { code: '401', remedy: /HF_TOKEN/ });
  assert.throws(() => hubStore().resolve('hf://me/set'), { reason: 'CONFIG_INVALID' });
});
