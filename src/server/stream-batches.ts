import type { ServerWritableStream } from '@grpc/grpc-js';
import type { Sample } from '../../protos/generated/tributary/v1/Sample.js';
import type { StreamBatchesRequest__Output } from '../../protos/generated/tributary/v1/StreamBatchesRequest.js';
import type { StreamBatchesResponse } from '../../protos/generated/tributary/v1/StreamBatchesResponse.js';
import type { Batch, BatchSample } from '../batch/batch.js';
import type { TakenBatch } from '../batch/batch-maker.js';
import { readRunSelector } from '../contract/run-selector.js';
import { TributaryError } from '../errors.js';
import type { OpenRun } from '../runs/open-run.js';
import { readSample } from '../sources/storage/read-sample.js';
import { batchHeader, batchSample } from './messages.js';
import type { Replica } from './replica.js';
import { type Asked, resolveRequest } from './resolve-request.js';

type Call = ServerWritableStream<StreamBatchesRequest__Output, StreamBatchesResponse>;

/** Batches that are made ahead of the one that is being sent, where memory allows. */
const batchesAhead = 4;

/**
 * Streams the batches of a request: up to `batchesAhead` are in preparation while one is sent, within what the stream
 * has reserved of the memory budget. Each write is awaited, so a client that stalls holds no more than its reservation;
 * a client that goes takes its batches' work with it. Resolves when all is sent, or when the client has gone.
 *
 * @throws TributaryError for a request that cannot be met, SERVER_DRAINING when the replica ends.
 */
export async function streamBatches(replica: Replica, call: Call): Promise<void> {
  const open = await replica.runs.open(readRunSelector(call.request.run));
  const asked = resolveRequest(open, call.request);
  const gone = new AbortController();
  const leave = (): void => gone.abort(new Error('the client has gone'));
  call.once('cancelled', leave);
  if (call.cancelled) leave();
  const bytes = replica.maker.batchBytes({ open, form: asked.form }, asked.worldSize);
  const reservation = replica.maker.budget.take(bytes, batchesAhead + 1);
  const ahead: Promise<TakenBatch>[] = [];
  const flow = replica.queue.flow();
  replica.metrics.streams.inc();
  const load = replica.metrics.load.open();
  try {
    let next = 0;
    for (let sent = 0; sent < asked.stepCount; sent++) {
      if (replica.draining.signal.aborted) throw draining();
      while (next < asked.stepCount && ahead.length < reservation.batches) {
        const address = {
          epoch: asked.epoch,
          step: asked.firstStep + next * asked.stepStride,
          rank: asked.rank,
          worldSize: asked.worldSize,
        };
        const held = replica.maker.take({ open, address, form: asked.form }, flow, gone.signal);
        // It is awaited in its turn; until then its failure must not count as unhandled.
        held.catch(() => {});
        ahead.push(held);
        next++;
      }
      const endWait = replica.metrics.wait.startTimer({ side: 'consumer' });
      const held = await ahead.shift()!;
      const waited = endWait();
      const endSend = replica.metrics.wait.startTimer({ side: 'producer' });
      try {
        await sendBatch(replica, call, open, asked, held.batch, gone.signal);
      } finally {
        held.give();
      }
      load.count(performance.now() / 1000, held.batch.samples.length, waited, endSend());
    }
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    gone.abort(new Error('the stream has ended'));
    call.off('cancelled', leave);
    for (const held of await Promise.allSettled(ahead)) if (held.status === 'fulfilled') held.value.give();
    replica.maker.budget.give(reservation);
    replica.metrics.streams.dec();
    replica.metrics.load.close(load);
  }
}

async function sendBatch(
  replica: Replica,
  call: Call,
  open: OpenRun,
  asked: Asked,
  batch: Batch,
  signal: AbortSignal,
): Promise<void> {
  const samples = batch.samples.map((sample) => batchSample(sample, asked.withDrawn));
  if (asked.withText) await addText(open, batch.samples, samples);
  await write(call, { header: batchHeader(open, batch, samples) }, signal);
  const data = Buffer.from(batch.data.buffer, batch.data.byteOffset, batch.data.byteLength);
  for (let offset = 0; offset < data.length; offset += asked.chunkBytes) {
    await write(call, { chunk: { offset, data: data.subarray(offset, offset + asked.chunkBytes) } }, signal);
  }
  await write(call, { trailer: { crc32: batch.crc32 } }, signal);
  replica.metrics.bytesSent.inc(data.length);
}

async function addText(open: OpenRun, made: readonly BatchSample[], samples: Sample[]): Promise<void> {
  await Promise.all(
    made.map(async ({ source, index }, slot) => {
      const manifest = open.manifests.find((candidate) => candidate.source === source)!;
      for (const [suffix, field] of [
        ['txt', 'text'],
        ['json', 'json'],
      ] as const) {
        const location = manifest.sibling(index, suffix);
        if (location !== null) samples[slot]![field] = (await readSample(location)).toString('utf8');
      }
    }),
  );
}

/**
 * Awaits the write itself: `write` returning false would come only after 16 messages, whatever their size. Rejects as soon as
 * `signal` says so: of a write that was blocked when its call ended, grpc-js never tells where Node reports it as failed, as
 * Node 22 does.
 */
function write(call: Call, message: StreamBatchesResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const giveUp = (): void => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    call.write(message, (error: unknown) => {
      signal.removeEventListener('abort', giveUp);
      if (error == null) resolve();
      else reject(error);
    });
  });
}

function draining(): TributaryError {
  return new TributaryError('SERVER_DRAINING', {
    expected: 'a replica that takes work',
    came: 'one that is shutting down',
    remedy: 'Ask another replica for the step after the last header',
    metadata: { retry_delay_ms: '100' },
  });
}
