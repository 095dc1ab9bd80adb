import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { service as health } from 'grpc-health-check';
import { contract } from '../../src/contract/contract.js';
import { openSource } from '../../src/sources/open-source.js';
import { replicaOf, serving, servingSchedule, smallRun } from '../server/small-replica.js';
import { temporaryFolder } from '../sources/tree.js';

const { LoaderService, ScheduleService } = contract.tributary.v1;
const vectors = fileURLToPath(new URL('../../../test/vectors/images', import.meta.url));

/** Bytes of headers that any client takes. */
const mostBytes = 8 << 10;

/** What comes back of a call: its headers and trailers, with what they carry in binary, as a text. */
async function answered(session: ClientHttp2Session, path: string, message: Buffer): Promise<string> {
  const call = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: path,
    [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
    te: 'trailers',
  });
  let text = '';
  const take = (headers: object): void => {
    for (const [name, value] of Object.entries(headers)) {
      text += `${name}: ${value}\n`;
      if (name.endsWith('-bin')) text += `${Buffer.from(String(value), 'base64').toString('latin1')}\n`;
    }
  };
  call.on('response', take).on('trailers', take).resume();
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  call.end(Buffer.concat([head, message]));
  await once(call, 'close').catch(() => {
    text = 'reset';
  });
  return text === '' ? 'reset' : text;
}

test('whatever is wrong with a request, its answer is short and tells nothing of the server', async (t) => {
  const folder = await temporaryFolder(t);
  const place = join(folder, 'private place');
  const images = join(place, 'images');
  await mkdir(place);
  await cp(vectors, images, { recursive: true });
  const config = {
    sources: { images, gone: join(place, 'gone'), unindexed: vectors, damaged: images, away: join(place, 'away') },
    inline_runs: true,
    runs: Object.fromEntries(
      ['images', 'gone', 'unindexed', 'damaged'].map((source) => [source, { ...smallRun, sources: [source] }]),
    ),
  };
  await (await replicaOf(t, folder, config)).runs.open({ name: 'images' });
  await writeFile(join(folder, 'index', 'damaged.train.arrow'), 'nothing of the kind');
  const replica = await replicaOf(t, folder, config, openSource);
  const schedule = await servingSchedule(t, replica);
  const loader = await serving(t, replica);
  const long = 'n'.repeat(100_000);
  const wrongRuns: readonly object[] = [
    {},
    ...[long, '漢'.repeat(33_000), '%'.repeat(100_000), '../../etc/passwd', '/etc/passwd', '\n\0', 'toString'].map(
      (name) => ({ name }),
    ),
    ...['gone', 'unindexed', 'damaged'].map((name) => ({ name })),
    { name: 'images', split: long },
    { name: 'images', split: 'val' },
    ...['', long, '{', `{${long}: 1}`, '{recipe: dinov3, sources: [/etc]}', '{sources: [away], recipe: dinov3}'].map(
      (inlineRun) => ({ inlineRun }),
    ),
  ];
  const services = [
    [loader, LoaderService.service, Object.keys(LoaderService.service)],
    [schedule, ScheduleService.service, Object.keys(ScheduleService.service)],
  ] as const;
  const run = { name: 'images' };
  const wrong: Readonly<Record<string, readonly object[]>> = {
    StreamBatches: [
      ...[{ layout: 99 }, { dataType: 99 }, { viewOrder: -1 }, { worldSize: 3 }, { rank: 9, worldSize: 2 }],
      ...[{ cursor: long }, { cursor: 'x' }, { epoch: 9 }, { firstStep: 99 }, { chunkBytes: -1 }, { stepStride: -1 }],
      { expectedFingerprint: long },
    ].map((more) => ({ run, ...more })),
    PlanBatches: [{ epoch: 9 }, { firstStep: 99 }, { stepCount: 999 }, { worldSize: 7 }].map((more) => ({
      run,
      ...more,
    })),
    GetEpochSchedule: [{ epoch: 99 }, { epoch: -1 }, { expectedFingerprint: long }].map((more) => ({ run, ...more })),
  };
  const secrets = [folder, 'private place', process.cwd(), vectors, 'node_modules', '\n    at '];
  for (const [address, service, methods] of services) {
    const session = connect(`http://${address}`).on('error', () => {});
    t.after(() => session.destroy());
    const look = async (path: string, message: Buffer, what: string): Promise<string> => {
      const text = await answered(session, path, message);
      assert.ok(text.length < mostBytes * 2, `${what}: ${text.length} bytes`);
      for (const secret of secrets) assert.ok(!text.includes(secret), `${what} tells ${secret}: ${text}`);
      assert.ok(!text.includes('grpc-status: 13'), `${what}: ${text}`);
      assert.ok(!session.destroyed, `${what} ended the connection`);
      return text;
    };
    for (const method of methods) {
      const { path, requestSerialize } = service[method as never] as {
        path: string;
        requestSerialize: (request: object) => Buffer;
      };
      for (const request of [...wrongRuns.map((run) => ({ run })), ...(wrong[method] ?? [])]) {
        const what = `${method} ${JSON.stringify(request).slice(0, 100)}`;
        const text = await look(path, requestSerialize(request), what);
        assert.match(text, /grpc-status: [1-9]/, what);
      }
    }
    for (const service of ['', long])
      await look(health.Check!.path, health.Check!.requestSerialize({ service }), 'Check');
    await look(`/${long.slice(0, 7_000)}`, Buffer.alloc(0), 'a method that is none');
    assert.equal(await answered(session, `/${long.slice(0, 20_000)}`, Buffer.alloc(0)), 'reset');
  }
  // What lies on a storage that goes away while it is read.
  await rm(images, { recursive: true });
  const session = connect(`http://${loader}`);
  t.after(() => session.destroy());
  const text = await answered(
    session,
    '/tributary.v1.LoaderService/StreamBatches',
    LoaderService.service.StreamBatches.requestSerialize({ run }),
  );
  assert.match(text, /STORAGE_UNAVAILABLE/);
  for (const secret of secrets) assert.ok(!text.includes(secret), text);
});
