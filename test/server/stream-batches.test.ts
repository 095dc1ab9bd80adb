import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { LoaderServiceClient } from '../../protos/generated/tributary/v1/LoaderService.js';
import type { StreamBatchesRequest } from '../../protos/generated/tributary/v1/StreamBatchesRequest.js';
import type { StreamBatchesResponse__Output } from '../../protos/generated/tributary/v1/StreamBatchesResponse.js';
import { streamBytes } from '../../src/batch/memory-budget.js';
import { toFailure } from '../../src/client/failure.js';
import { Loader } from '../../src/client/loader.js';
import type { ReceivedBatch } from '../../src/client/receive.js';
import { contract } from '../../src/contract/contract.js';
import { slotBytes } from '../../src/server/stream-batches.js';
import { indexedSamples, metric, type ServerProcess, sevenRun, startServer } from '../fleet.js';

const seven = { run: 'name', name: 'seven' } as const;

function client({ address }: ServerProcess): LoaderServiceClient {
  return new contract.tributary.v1.LoaderService(address, credentials.createInsecure());
}

/** The reason and the code that a request is refused with. */
async function refusal(
  from: LoaderServiceClient,
  request: StreamBatchesRequest,
): Promise<{ reason: string; code: string; message: string }> {
  const call = from.streamBatches(request);
  try {
    for await (const _ of call);
  } catch (error) {
    const { reason, message } = toFailure(error, '').error;
    return { reason, code: status[(error as ServiceError).code]!, message };
  }
  throw new Error(`${JSON.stringify(request)} was not refused`);
}

async function all(batches: AsyncIterable<ReceivedBatch>): Promise<ReceivedBatch[]> {
  const list: ReceivedBatch[] = [];
  for await (const batch of batches) list.push(batch);
  return list;
}

/** Asks until the answer holds; gives up after `seconds`. */
async function within(seconds: number, holds: () => Promise<boolean>): Promise<boolean> {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) if (await holds()) return true;
  return holds();
}

test('replicas with different backends and thread counts stream the same epoch', async (t) => {
  const config = await indexedSamples(t);
  const replicas = await Promise.all([
    startServer(t, 'serve', ['--config', config, '--backend', 'simd', '--workers', '1']),
    startServer(t, 'serve', ['--config', config, '--backend', 'webasm', '--workers', '2']),
    startServer(t, 'serve', ['--config', config, '--backend', 'cpu', '--workers', '3'], {
      env: { UV_THREADPOOL_SIZE: '2' },
    }),
  ]);
  const epochs: ReceivedBatch[][] = [];
  for (const { address } of replicas) {
    const loader = await Loader.connect({ address, run: seven, lanes: 1 + epochs.length });
    t.after(() => loader.close());
    epochs.push(await all(loader.batches(1)));
  }
  const [first, ...others] = epochs;
  assert.equal(first!.length, 7);
  for (const other of others)
    for (const [step, batch] of first!.entries()) {
      assert.deepEqual(other[step]!.header, batch.header);
      assert.ok(other[step]!.data.equals(batch.data), `step ${step} differs`);
    }
});

test('a stream from the cursor of every step is the tail of the undisturbed run', async (t) => {
  const config = await indexedSamples(t, { short: sevenRun({ epochs: 2 }) });
  const server = await startServer(t, 'serve', ['--config', config]);
  const from = client(server);
  t.after(() => from.close());
  const short = { run: 'name', name: 'short' } as const;
  const loader = await Loader.connect({ address: server.address, run: short });
  t.after(() => loader.close());
  const whole = [...(await all(loader.batches(0))), ...(await all(loader.batches(1)))];
  const steps = whole.length / 2;
  for (let at = 0; at < whole.length - 1; at++) {
    const cursor = whole[at]!.header.nextCursor;
    const call = from.streamBatches({ run: short, cursor, stepCount: 1 });
    const parts: StreamBatchesResponse__Output[] = [];
    for await (const part of call) parts.push(part as StreamBatchesResponse__Output);
    const bytes = Buffer.concat(parts.flatMap(({ chunk }) => (chunk ? [chunk.data] : [])));
    assert.ok(bytes.equals(whole[at + 1]!.data), `after step ${at}`);
    assert.deepEqual(parts[0]!.header, whole[at + 1]!.header);
    const epoch = Math.floor((at + 1) / steps);
    const tail = await all(loader.batches(epoch, (at + 1) % steps));
    const expected = whole.slice(at + 1, (epoch + 1) * steps);
    assert.deepEqual(
      tail.map(({ crc32 }) => crc32),
      expected.map(({ crc32 }) => crc32),
    );
  }
  const end = whole.at(-1)!.header.nextCursor;
  assert.equal((await refusal(from, { run: short, cursor: end })).reason, 'EPOCH_OUT_OF_RANGE');
});

test('ranks of any world cut the same global batch, and every type carries the same pixels', async (t) => {
  const config = await indexedSamples(t);
  const server = await startServer(t, 'serve', ['--config', config]);
  const one = await Loader.connect({ address: server.address, run: seven });
  t.after(() => one.close());
  const [whole] = await all(one.batches(0, 2, 1));
  for (const worldSize of [2, 4, 8]) {
    const shares: Buffer[] = [];
    for (let rank = 0; rank < worldSize; rank++) {
      const loader = await Loader.connect({ address: server.address, run: seven, rank, worldSize });
      shares.push((await all(loader.batches(0, 2, 1)))[0]!.data);
      loader.close();
    }
    assert.ok(Buffer.concat(shares).equals(whole!.data), `world size ${worldSize}`);
  }
});

test('what cannot be is refused with code, reason and the way out', async (t) => {
  const config = await indexedSamples(t);
  const server = await startServer(t, 'serve', [
    '--config',
    config,
    '--memory',
    '1MiB',
    '--metrics-listen',
    '127.0.0.1:0',
  ]);
  const from = client(server);
  t.after(() => from.close());
  const other = 'f'.repeat(64);
  const cases: [StreamBatchesRequest, string, string, RegExp][] = [
    [{}, 'INVALID_ARGUMENT', 'ARGUMENT_INVALID', /names a run/],
    [{ run: { run: 'name', name: 'sevn' } }, 'NOT_FOUND', 'UNKNOWN_RUN', /seven/],
    [{ run: { run: 'inlineRun', inlineRun: 'recipe: dinov4' } }, 'INVALID_ARGUMENT', 'CONFIG_INVALID', /dinov3/],
    [
      { run: { run: 'inlineRun', inlineRun: '{recipe: dinov3, sources: [coc], global_batch: 8}' } },
      'NOT_FOUND',
      'UNKNOWN_SOURCE',
      /coco/,
    ],
    [
      { run: { run: 'inlineRun', inlineRun: '{recipe: dinov3, sources: [coco], global_batch: 8, solarise: 1}' } },
      'INVALID_ARGUMENT',
      'UNKNOWN_KNOB',
      /solarize/,
    ],
    [{ run: seven, epoch: 3 }, 'OUT_OF_RANGE', 'EPOCH_OUT_OF_RANGE', /from 0 to 2/],
    [{ run: seven, epoch: -1 }, 'OUT_OF_RANGE', 'EPOCH_OUT_OF_RANGE', /from 0 to 2/],
    [{ run: seven, firstStep: 7 }, 'OUT_OF_RANGE', 'STEP_OUT_OF_RANGE', /from 0 to 6/],
    [{ run: seven, firstStep: 5, stepCount: 3 }, 'OUT_OF_RANGE', 'STEP_OUT_OF_RANGE', /from 0 to 6/],
    [{ run: seven, stepStride: -1 }, 'INVALID_ARGUMENT', 'ARGUMENT_INVALID', /step_stride/],
    [{ run: seven, worldSize: 3 }, 'INVALID_ARGUMENT', 'WORLD_SIZE_INVALID', /2.*4/],
    [{ run: seven, worldSize: 4, rank: 4 }, 'INVALID_ARGUMENT', 'RANK_INVALID', /4/],
    [{ run: seven, expectedFingerprint: other }, 'FAILED_PRECONDITION', 'FINGERPRINT_MISMATCH', /f{64}/],
    [{ run: seven, cursor: `v1.${other.slice(0, 16)}.e0.s1` }, 'FAILED_PRECONDITION', 'FINGERPRINT_MISMATCH', /f{16}/],
    [{ run: seven, cursor: 'somewhere' }, 'INVALID_ARGUMENT', 'CURSOR_INVALID', /somewhere/],
    [
      { run: { run: 'inlineRun', inlineRun: '{recipe: dinov3, sources: [coco], global_batch: 8, image_size: 512}' } },
      'RESOURCE_EXHAUSTED',
      'TOO_MUCH_ASKED',
      /--memory/,
    ],
  ];
  for (const [request, code, reason, message] of cases) {
    const refused = await refusal(from, request);
    assert.deepEqual([refused.code, refused.reason], [code, reason], `${JSON.stringify(request)}: ${refused.message}`);
    assert.match(refused.message, message);
  }
  assert.equal(await metric(server, 'tributary_reserved_bytes'), 0);
});

test('a client that stalls holds no more than its reservation, and one that vanishes frees everything within a second', async (t) => {
  const config = await indexedSamples(t, { big: sevenRun({ image_size: 224, global_batch: 16 }) });
  const server = await startServer(t, 'serve', [
    '--config',
    config,
    '--metrics-listen',
    '127.0.0.1:0',
    '--memory',
    '64MiB',
  ]);
  const from = client(server);
  t.after(() => from.close());
  const call = from.streamBatches({ run: { run: 'name', name: 'big' } });
  call.on('error', () => {});
  // One message is read, then nothing: the stream stalls at its first batch.
  await new Promise<void>((resolve) => {
    call.once('data', () => {
      call.pause();
      resolve();
    });
  });
  const batch = 16 * (224 * 224 * 3 + slotBytes);
  assert.ok(
    await within(
      20,
      async () =>
        (await metric(server, 'tributary_queue_pending')) === 0 && (await metric(server, 'tributary_queue_size')) === 0,
    ),
  );
  const reserved = await metric(server, 'tributary_reserved_bytes');
  assert.ok(reserved >= batch && reserved <= 5 * batch + streamBytes);
  assert.ok((await metric(server, 'tributary_prepared_bytes')) <= reserved);
  call.cancel();
  assert.ok(
    await within(1, async () => (await metric(server, 'tributary_reserved_bytes')) === 0),
    'the reservation is still held',
  );
  assert.equal(await metric(server, 'tributary_streams_active'), 0);
});

test('a client that vanishes in the middle of a batch takes its work with it', async (t) => {
  const config = await indexedSamples(t, { big: sevenRun({ image_size: 518, global_batch: 56 }) });
  const server = await startServer(t, 'serve', [
    '--config',
    config,
    '--metrics-listen',
    '127.0.0.1:0',
    '--workers',
    '1',
  ]);
  const from = client(server);
  t.after(() => from.close());
  const call = from.streamBatches({ run: { run: 'name', name: 'big' } });
  call.on('error', () => {});
  assert.ok(await within(20, async () => (await metric(server, 'tributary_queue_size')) > 8), 'the batch never began');
  call.cancel();
  // What is in the threads' hands is finished, which takes as long as the machine lets it; what waits is not begun.
  assert.ok(
    await within(
      60,
      async () =>
        (await metric(server, 'tributary_queue_size')) === 0 && (await metric(server, 'tributary_queue_pending')) === 0,
    ),
    'samples are still made',
  );
  const made = await metric(server, 'tributary_samples_total{result="ok"}');
  assert.ok(made < 56, 'the whole batch was made');
});
