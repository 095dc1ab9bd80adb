import type { LoaderServiceHandlers } from '../../protos/generated/tributary/v1/LoaderService.js';
import type { PlanBatchesRequest__Output } from '../../protos/generated/tributary/v1/PlanBatchesRequest.js';
import type { PlanBatchesResponse } from '../../protos/generated/tributary/v1/PlanBatchesResponse.js';
import { type PlanTurns, planBatch } from '../batch/plan-batch.js';
import { batchSeed } from '../plan/hash.js';
import { handleStream, handleUnary, type StreamCaller } from './handle.js';
import { describeRun, plannedSample } from './messages.js';
import type { Replica } from './replica.js';
import { addresses, openAsked, resolveSteps } from './resolve-request.js';
import { streamBatches } from './stream-batches.js';

/** Milliseconds of the main thread that a planned slot takes, and bytes that it has in a message, about. */
const [slotCost, slotBytes] = [0.01, 200];
/** Seconds of a worker thread for a header. */
const drawSeconds = 0.001;

/** The loader's calls on a replica. */
export function loaderService(replica: Replica): LoaderServiceHandlers {
  return {
    DescribeRun: handleUnary(replica, async ({ run }, caller) => {
      const open = await openAsked(replica, { run, expectedFingerprint: '' }, caller);
      const names = open.labels.classNames.length;
      return replica.gate.turn(caller, async () => describeRun(open, replica.backend.description), names / 1000);
    }),
    PlanBatches: handleStream(replica, (request, caller) => planBatches(replica, request, caller)),
    StreamBatches: handleStream(replica, (request, caller) => streamBatches(replica, request, caller)),
  };
}

async function planBatches(
  replica: Replica,
  request: PlanBatchesRequest__Output,
  caller: StreamCaller<PlanBatchesResponse>,
): Promise<void> {
  const { gate, pool, queue } = replica;
  const open = await openAsked(replica, request, caller);
  const flow = queue.flow(caller.client);
  const sources = open.manifests.map(({ source }) => source);
  const turns: PlanTurns = {
    planning: (act, slots) => gate.turn(caller, act, slots * slotCost),
    drawing: (act, samples) => queue.add(flow, act, caller.gone, { cost: samples * drawSeconds, sources }),
  };
  for (const address of addresses(resolveSteps(open, { ...request, stepStride: 1 }))) {
    const samples = await planBatch(pool, open, address, request.withDrawn, turns);
    const seed = batchSeed(open.run.seed, address);
    await caller.send({ address, ...address, seed, samples: samples.map(plannedSample) }, samples.length * slotBytes);
  }
}
