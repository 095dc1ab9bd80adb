import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { credentials, Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import type { StreamBatchesRequest__Output } from '../../protos/generated/tributary/v1/StreamBatchesRequest.js';
import type { StreamBatchesResponse } from '../../protos/generated/tributary/v1/StreamBatchesResponse.js';
import { Clock } from '../../src/client/clock.js';
import { type ReceivedBatch, receiveBatches } from '../../src/client/receive.js';
import { contract } from '../../src/contract/contract.js';
import type { ReceivedPart } from '../../src/contract/stream-messages.js';
import { TributaryError } from '../../src/errors.js';

const data = Buffer.from(Array.from({ length: 96 }, (_, i) => i));
const header: StreamBatchesResponse = { header: { address: { step: 4 }, byteSize: data.length, shape: [2, 4, 4, 3] } };
const chunk = (offset: number, end: number): StreamBatchesResponse => ({
  chunk: { offset, data: data.subarray(offset, end) },
});
const trailer: StreamBatchesResponse = { trailer: { crc32: crc32(data) } };

/** What a client makes of a replica that sends these messages; `null` leaves the stream open after them. */
async function received(t: TestContext, messages: readonly (StreamBatchesResponse | null)[]): Promise<Buffer[]> {
  return (await receivedBatches(t, messages)).map(({ data }) => data);
}

async function receivedBatches(
  t: TestContext,
  messages: readonly (StreamBatchesResponse | null)[],
): Promise<ReceivedBatch[]> {
  const server = new Server();
  const never = (): void => {};
  server.addService(contract.tributary.v1.LoaderService.service, {
    DescribeRun: never,
    PlanBatches: never,
    StreamBatches: (call: ServerWritableStream<StreamBatchesRequest__Output, StreamBatchesResponse>) => {
      for (const message of messages) if (message !== null) call.write(message);
      if (!messages.includes(null)) call.end();
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const client = new contract.tributary.v1.LoaderService(`127.0.0.1:${port}`, credentials.createInsecure());
  t.after(() => {
    client.close();
    server.forceShutdown();
  });
  // A busy machine is no hanging replica.
  const patience = messages.includes(null) ? 0.3 : 60;
  const batches: ReceivedBatch[] = [];
  for await (const batch of receiveBatches(client.streamBatches({}), 'peer', patience, new Clock()))
    batches.push(batch);
  return batches;
}

test('a batch comes whole, whatever the size of its chunks', async (t) => {
  const parts = [header, chunk(0, 1), chunk(1, 50), chunk(50, 96), trailer];
  assert.deepEqual(await received(t, [...parts, ...parts]), [data, data]);
});

test('a batch has the seed of its header, and one of a replica that sends none says so', async (t) => {
  const seeded: StreamBatchesResponse = { header: { ...header.header, seed: 0 } };
  const [before, now] = await receivedBatches(t, [header, chunk(0, 96), trailer, seeded, chunk(0, 96), trailer]);
  assert.equal(now!.seed, 0);
  assert.throws(
    () => before!.seed,
    (error) => error instanceof TributaryError && error.reason === 'INTERNAL' && /older version/.test(error.message),
  );
});

const faults: Record<string, readonly (StreamBatchesResponse | null)[]> = {
  'more bytes than any memory has': [{ header: { ...header.header, byteSize: 19_336_180_024_211 } }],
  'fewer bytes than none': [{ header: { ...header.header, byteSize: -1 } }],
  'another CRC': [header, chunk(0, 96), { trailer: { crc32: crc32(data) ^ 1 } }],
  'a changed byte': [header, { chunk: { offset: 0, data: Buffer.alloc(96) } }, trailer],
  'a missing chunk': [header, chunk(0, 50), trailer],
  'a chunk left out in the middle': [header, chunk(0, 10), chunk(20, 96), trailer],
  'a chunk beyond the end': [header, { chunk: { offset: 0, data: Buffer.alloc(97) } }, trailer],
  'no trailer': [header, chunk(0, 96)],
};
for (const [name, messages] of Object.entries(faults))
  test(`${name} is a CRC_MISMATCH, and no batch`, async (t) => {
    await assert.rejects(
      received(t, messages),
      (error) => error instanceof TributaryError && error.reason === 'CRC_MISMATCH',
    );
  });

test('a replica that says nothing more is left after the patience', async (t) => {
  await assert.rejects(received(t, [header, chunk(0, 50), null]), /within 0\.3 s/);
});

test('no bit of what comes can be another without it being noticed', async () => {
  const method = contract.tributary.v1.LoaderService.service.StreamBatches;
  const sample = { source: 'coco', key: 'a.jpg', seed: 7, label: 3, className: 'tench', erase: { top: 1 } };
  const whole = { ...header.header, run: 'r', samples: [sample, sample], seed: 5, nextCursor: 'c' };
  const sent = [{ header: whole }, chunk(0, 96), trailer].map((message) => {
    const bytes = method.responseSerialize(message);
    const plain = Buffer.alloc(bytes.byteLength ?? bytes.length);
    bytes.copy(plain, 0);
    return plain;
  });
  const [right] = await receivedFrom(sent.map((bytes) => method.responseDeserialize(bytes)));
  let accepted = 0;
  for (const [part, bytes] of sent.entries())
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      try {
        const messages = sent.map((one, place) => method.responseDeserialize(place === part ? flipped : one));
        for (const batch of await receivedFrom(messages))
          assert.deepEqual([batch.header, batch.data], [right!.header, right!.data], `bit ${bit} of part ${part}`);
        accepted++;
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
      }
    }
  // A CRC-32 may have become a field that a later version may have, and a padded offset be padded otherwise.
  assert.ok(accepted <= 64, `${accepted}`);
});

async function receivedFrom(messages: readonly ReceivedPart[]): Promise<ReceivedBatch[]> {
  const list: ReceivedBatch[] = [];
  const call = Object.assign(Readable.from(messages), { cancel: () => {} }) as never;
  for await (const batch of receiveBatches(call, 'peer', 60, new Clock())) list.push(batch);
  return list;
}
