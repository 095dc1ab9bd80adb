import { setTimeout as wait } from 'node:timers/promises';
import type { StreamBatchesRequest__Output } from '../../protos/generated/tributary/v1/StreamBatchesRequest.js';
import type { StreamBatchesResponse } from '../../protos/generated/tributary/v1/StreamBatchesResponse.js';
import type { Batch } from '../batch/batch.js';
import type { TakenBatch } from '../batch/batch-maker.js';
import { inSlices } from '../batch/slices.js';
import { TributaryError } from '../errors.js';
import type { OpenRun } from '../runs/open-run.js';
import { untilAborted } from '../sources/storage/until-aborted.js';
import type { StreamCaller } from './handle.js';
import { LentMemory } from './lent-memory.js';
import { batchHeader, batchSample } from './messages.js';
import type { Replica } from './replica.js';
import { type Asked, addresses, openAsked, resolveRequest } from './resolve-request.js';
import { columnsOf } from './sample-columns.js';
import { addTexts } from './sample-texts.js';

type Send = (message: StreamBatchesResponse, bytes: number) => Promise<void>;

/** Milliseconds of silence after which a stream says where its batch stands. */
const progressEvery = 2_000;

/** What a slot takes beside its pixels, in bytes: its names, its draw, and their part of a header. */
export const slotBytes = 2048;

/** Batches that are made ahead of the one that is being sent, where memory allows. */
const batchesAhead = 4;

/**
 * Streams the batches of a request: up to `batchesAhead` are in preparation while one is sent, within what the stream
 * has reserved of the memory budget. Each write is awaited, so a client that stalls holds no more than its reservation;
 * a client that goes takes its batches' work with it.
 *
 * Where other streams wait for room it ends before the last step, after a whole batch.
 *
 * @throws TributaryError for a request that cannot be met, SERVER_DRAINING when the replica ends.
 */
export async function streamBatches(
  replica: Replica,
  request: StreamBatchesRequest__Output,
  caller: StreamCaller<StreamBatchesResponse>,
): Promise<void> {
  const { client, gone } = caller;
  const open = await openAsked(replica, request, caller);
  const asked = resolveRequest(open, request);
  const { form } = asked;
  const { budget } = replica.maker;
  const slots = Math.ceil(open.run.global_batch / asked.worldSize);
  const batchBytes = replica.maker.batchBytes({ open, form }, asked.worldSize) + slots * slotBytes;
  const reservation = await budget.take(client, placeOf(open, asked), batchBytes, batchesAhead + 1, gone);
  const ended = new AbortController();
  const signal = AbortSignal.any([gone, ended.signal, reservation.revoked]);
  const ahead: Promise<TakenBatch>[] = [];
  const flow = replica.queue.flow(client);
  const send: Send = async (message, bytes) => {
    await untilAborted(caller.send(message, bytes), reservation.revoked);
    reservation.progressed();
  };
  replica.metrics.streams.inc();
  const load = replica.metrics.load.open();
  const lent = request.lent && (await LentMemory.open(request.lent));
  try {
    const wanted = addresses(asked);
    for (let sent = 0; sent < asked.stepCount; sent++) {
      if (replica.draining.signal.aborted) throw draining();
      // A stream that has had its first batches makes room for those that have none: its client goes on from the next step, in its turn.
      while (ahead.length < reservation.batches && !(sent > 0 && budget.isWanted)) {
        const { value: address } = wanted.next();
        if (address === undefined) break;
        const held = replica.maker.take({ open, address, form }, flow, signal);
        // It is awaited in its turn; until then its failure must not count as unhandled.
        held.catch(() => {});
        ahead.push(held);
      }
      if (ahead.length === 0) return;
      const endWait = replica.metrics.wait.startTimer({ side: 'consumer' });
      const next = ahead.shift()!;
      if (asked.withProgress) await sayUntil(next, send, () => progress(replica, asked, sent));
      const held = await next;
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
    budget.give(reservation);
    replica.metrics.streams.dec();
    replica.metrics.load.close(load);
    await lent?.close();
  }
}

/** What a client asks for again where it has found no room. */
function placeOf({ fingerprint }: OpenRun, { epoch, firstStep, rank, worldSize }: Asked): string {
  return [fingerprint, epoch, firstStep, rank, worldSize].join(' ');
}

/** Says where a batch stands every few seconds until it is there or has failed. */
async function sayUntil(batch: Promise<unknown>, send: Send, say: () => StreamBatchesResponse): Promise<void> {
  let isSettled = false;
  const settled = batch.then(
    () => {
      isSettled = true;
    },
    () => {
      isSettled = true;
    },
  );
  while (!isSettled) {
    const silence = new AbortController();
    await Promise.race([settled, wait(progressEvery, undefined, { signal: silence.signal, ref: false })]);
    silence.abort();
    if (!isSettled) await send(say(), 0);
  }
}

function progress({ queue }: Replica, { firstStep, stepStride }: Asked, sent: number): StreamBatchesResponse {
  return { progress: { step: firstStep + sent * stepStride, waiting: queue.size } };
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
  const samples = await inSlices(batch.samples.length, (slot) => batchSample(batch.samples[slot]!, asked.withDrawn));
  if (asked.withText) await addTexts(open, batch.samples, samples);
  const columns = await columnsOf(open, batch.samples);
  await send({ header: batchHeader(open, batch, samples, columns) }, samples.length * slotBytes);
  const data = Buffer.from(batch.data.buffer, batch.data.byteOffset, batch.data.byteLength);
  const descriptor = lent?.byteSize === data.length ? await lent.write(data, signal) : null;
  if (descriptor !== null) await send({ lent: { descriptor } }, 0);
  else
    for (let offset = 0; offset < data.length; offset += asked.chunkBytes)
      await send({ chunk: { offset, data: data.subarray(offset, offset + asked.chunkBytes) } }, asked.chunkBytes);
  await send({ trailer: { crc32: batch.crc32 } }, 0);
  return descriptor !== null;
}

function draining(): TributaryError {
  return new TributaryError('SERVER_DRAINING', {
    expected: 'a replica that takes work',
    came: 'one that is shutting down',
    remedy: 'Ask another replica for the step after the last header',
    metadata: { retry_delay_ms: '100' },
  });
}
