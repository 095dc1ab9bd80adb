import type { Sample } from '../../protos/generated/tributary/v1/Sample.js';
import type { StreamBatchesRequest__Output } from '../../protos/generated/tributary/v1/StreamBatchesRequest.js';
import type { StreamBatchesResponse } from '../../protos/generated/tributary/v1/StreamBatchesResponse.js';
import type { Batch, BatchSample } from '../batch/batch.js';
import type { TakenBatch } from '../batch/batch-maker.js';
import { TributaryError } from '../errors.js';
import type { OpenRun } from '../runs/open-run.js';
import { readSample } from '../sources/storage/read-sample.js';
import { LentMemory } from './lent-memory.js';
import { batchHeader, batchSample } from './messages.js';
import type { Replica } from './replica.js';
import { type Asked, addresses, openAsked, resolveRequest } from './resolve-request.js';

type Send = (message: StreamBatchesResponse) => Promise<void>;

/** Batches that are made ahead of the one that is being sent, where memory allows. */
const batchesAhead = 4;

/**
 * Streams the batches of a request: up to `batchesAhead` are in preparation while one is sent, within what the stream
 * has reserved of the memory budget. Each write is awaited, so a client that stalls holds no more than its reservation;
 * a client that goes takes its batches' work with it.
 *
 * @throws TributaryError for a request that cannot be met, SERVER_DRAINING when the replica ends.
 */
export async function streamBatches(
  replica: Replica,
  request: StreamBatchesRequest__Output,
  send: Send,
  gone: AbortSignal,
): Promise<void> {
  const open = await openAsked(replica.runs, request);
  const asked = resolveRequest(open, request);
  const { form } = asked;
  const reservation = replica.maker.budget.take(
    replica.maker.batchBytes({ open, form }, asked.worldSize),
    batchesAhead + 1,
  );
  const ended = new AbortController();
  const signal = AbortSignal.any([gone, ended.signal]);
  const ahead: Promise<TakenBatch>[] = [];
  const flow = replica.queue.flow();
  replica.metrics.streams.inc();
  const load = replica.metrics.load.open();
  const lent = request.lent && (await LentMemory.open(request.lent));
  try {
    const wanted = addresses(asked);
    for (let sent = 0; sent < asked.stepCount; sent++) {
      if (replica.draining.signal.aborted) throw draining();
      while (ahead.length < reservation.batches) {
        const { value: address } = wanted.next();
        if (address === undefined) break;
        const held = replica.maker.take({ open, address, form }, flow, signal);
        // It is awaited in its turn; until then its failure must not count as unhandled.
        held.catch(() => {});
        ahead.push(held);
      }
      const endWait = replica.metrics.wait.startTimer({ side: 'consumer' });
      const held = await ahead.shift()!;
      const waited = endWait();
      const endSend = replica.metrics.wait.startTimer({ side: 'producer' });
      try {
        const isLent = await sendBatch(send, open, asked, held.batch, lent, signal);
        if (isLent) replica.metrics.bytesLent.inc(held.batch.data.length);
      } finally {
        held.give();
      }
      replica.metrics.bytesSent.inc(held.batch.data.length);
      load.count(performance.now() / 1000, held.batch.samples.length, waited, endSend());
    }
  } finally {
    ended.abort(new Error('the stream has ended'));
    for (const held of await Promise.allSettled(ahead)) if (held.status === 'fulfilled') held.value.give();
    replica.maker.budget.give(reservation);
    replica.metrics.streams.dec();
    replica.metrics.load.close(load);
    await lent?.close();
  }
}

/** Yields whether the tensor lies in memory that the client has lent. */
async function sendBatch(
  send: Send,
  open: OpenRun,
  asked: Asked,
  batch: Batch,
  lent: LentMemory | null,
  signal: AbortSignal,
): Promise<boolean> {
  const samples = batch.samples.map((sample) => batchSample(sample, asked.withDrawn));
  if (asked.withText) await addText(open, batch.samples, samples);
  await send({ header: batchHeader(open, batch, samples) });
  const data = Buffer.from(batch.data.buffer, batch.data.byteOffset, batch.data.byteLength);
  const descriptor = lent?.byteSize === data.length ? await lent.write(data, signal) : null;
  if (descriptor !== null) await send({ lent: { descriptor } });
  else
    for (let offset = 0; offset < data.length; offset += asked.chunkBytes)
      await send({ chunk: { offset, data: data.subarray(offset, offset + asked.chunkBytes) } });
  await send({ trailer: { crc32: batch.crc32 } });
  return descriptor !== null;
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

function draining(): TributaryError {
  return new TributaryError('SERVER_DRAINING', {
    expected: 'a replica that takes work',
    came: 'one that is shutting down',
    remedy: 'Ask another replica for the step after the last header',
    metadata: { retry_delay_ms: '100' },
  });
}
