import { once } from 'node:events';
import { connect, constants } from 'node:http2';
import { connect as dial, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import type { LoaderServiceClient } from '../../protos/generated/tributary/v1/LoaderService.js';
import type { ScheduleServiceClient } from '../../protos/generated/tributary/v1/ScheduleService.js';
import { contract } from '../../src/contract/contract.js';

/** What an attack does to the server at `host:port` until it is told to stop. */
export type Attack = (address: string, stop: AbortSignal) => Promise<void>;

const { LoaderService, ScheduleService } = contract.tributary.v1;
const common = 'recipe: dinov3, sources: [many], image_size: 9';

/** Each kind of attack that a server must stand, by its name. The runs that they name are those of `assault.ts`. */
export const attacks: Readonly<Record<string, Attack>> = {
  'schedules of 2^31 - 1 epochs': schedules('global_batch: 1, epochs: 2147483647'),
  'global_batch of 1.3 million': again((loader, n) => streamed(loader, `global_batch: 1300000, seed: ${n % 40}`)),
  'batches of 16,384 slots': again((loader, n) =>
    streamed(loader, `global_batch: 16384, evaluate: true, seed: ${n % 40}`),
  ),
  '9,000 wrong keys': again((loader, n) => described(loader, wrongKeys(n % 10))),
  'YAML that takes for ever': again((loader, n) => described(loader, `${'? '.repeat(400)}${n}`)),
  'plans of whole epochs': again((loader) => read(loader.planBatches({ run: { name: 'good' }, withDrawn: true })), 20),
  'five streams that never read': unread(5),
  'a thousand tiny streams': again((loader) => read(loader.streamBatches({ run: { name: 'tiny' } })), 1000, 8),
  'chunks of one byte': again(
    (loader) => read(loader.streamBatches({ run: { name: 'good' }, chunkBytes: 1, epoch: 1 })),
    8,
  ),
  'streams of 2,048 pixels': again((loader) => read(loader.streamBatches({ run: { name: 'wide' } })), 16),
  'calls that are reset at once': reset,
  'connections by the thousand': connections,
};

type Ask = (loader: LoaderServiceClient, number: number) => Promise<void>;

/** Asks again and again, so many at a time, over so many connections. */
function again(ask: Ask, atOnce = 4, connections = 1): Attack {
  return async (address, stop) => {
    const loaders = Array.from(
      { length: connections },
      () => new LoaderService(address, credentials.createInsecure(), own),
    );
    const close = (): void => {
      for (const loader of loaders) loader.close();
    };
    stop.addEventListener('abort', close, { once: true });
    const lane = async (number: number): Promise<void> => {
      for (let asked = number; !stop.aborted; asked += atOnce) {
        await ask(loaders[number % connections]!, asked).catch(() => {});
        await wait(2);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, (_, number) => lane(number)));
  };
}

const own = { 'grpc.use_local_subchannel_pool': 1 };

/** Asks an endpoint of schedules, which is what these attack. */
function schedules(knobs: string): Attack {
  return async (address, stop) => {
    const client: ScheduleServiceClient = new ScheduleService(address, credentials.createInsecure(), own);
    while (!stop.aborted) {
      const run = { inlineRun: `{${common}, ${knobs}}` };
      await new Promise<void>((resolve) => client.listEpochSchedules({ run }, () => resolve()));
    }
    client.close();
  };
}

function streamed(loader: LoaderServiceClient, knobs: string): Promise<void> {
  return read(loader.streamBatches({ run: { inlineRun: `{${common}, ${knobs}}` } }));
}

function described(loader: LoaderServiceClient, inlineRun: string): Promise<void> {
  return new Promise((resolve) => loader.describeRun({ run: { inlineRun } }, () => resolve()));
}

function wrongKeys(value: number): string {
  return Array.from({ length: 9000 }, (_, key) => `k${key}: ${value}`)
    .join('\n')
    .slice(0, 65_000);
}

async function read(call: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of call);
}

/** Opens streams, reads a message of each and no more, and opens them again where they end. */
function unread(count: number): Attack {
  return async (address, stop) => {
    const loader = new LoaderService(address, credentials.createInsecure(), own);
    const stopped = once(stop, 'abort');
    const one = async (): Promise<void> => {
      while (!stop.aborted) {
        const call = loader.streamBatches({ run: { name: 'good' } });
        const ended = new Promise((resolve) => call.once('error', resolve).once('end', resolve));
        call.once('data', () => call.pause());
        await Promise.race([ended, stopped]);
        call.cancel();
      }
    };
    await Promise.all(Array.from({ length: count }, one));
    loader.close();
  };
}

/** Opens calls and resets them in the same breath. */
async function reset(address: string, stop: AbortSignal): Promise<void> {
  const body = LoaderService.service.StreamBatches.requestSerialize({ run: { name: 'good' } });
  const message = Buffer.concat([Buffer.from([0, 0, 0, 0, body.length]), body]);
  const headers = {
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: '/tributary.v1.LoaderService/StreamBatches',
    [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
    te: 'trailers',
  };
  while (!stop.aborted) {
    const session = connect(`http://${address}`).on('error', () => {});
    for (let opened = 0; opened < 1500 && !session.destroyed && !session.closed && !stop.aborted; opened++) {
      const call = session.request(headers).on('error', () => {});
      call.end(message);
      setImmediate(() => call.close(constants.NGHTTP2_CANCEL));
      if (opened % 8 === 0) await wait(1);
    }
    session.destroy();
    await wait(5);
  }
}

/** Keeps a thousand connections that never say a word, and dials anew for each that is closed. */
async function connections(address: string, stop: AbortSignal): Promise<void> {
  const [host, port] = address.split(':') as [string, string];
  const open = new Set<Socket>();
  while (!stop.aborted) {
    for (let dialled = 0; dialled < 50 && open.size < 1000; dialled++) {
      const socket = dial({ host, port: Number(port) });
      open.add(socket);
      socket.on('error', () => {}).once('close', () => open.delete(socket));
    }
    await wait(5);
  }
  for (const socket of open) socket.destroy();
}
