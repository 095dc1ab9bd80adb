import type { LoaderServiceHandlers } from '../../protos/generated/tributary/v1/LoaderService.js';
import type { PlanBatchesRequest__Output } from '../../protos/generated/tributary/v1/PlanBatchesRequest.js';
import type { PlanBatchesResponse } from '../../protos/generated/tributary/v1/PlanBatchesResponse.js';
import { planBatch } from '../batch/plan-batch.js';
import { batchSeed } from '../plan/hash.js';
import { handleStream, handleUnary } from './handle.js';
import { describeRun, plannedSample } from './messages.js';
import type { Replica } from './replica.js';
import { addresses, openAsked, resolveSteps } from './resolve-request.js';
import { streamBatches } from './stream-batches.js';

/** The loader's calls on a replica. */
export function loaderService(replica: Replica): LoaderServiceHandlers {
  return {
    DescribeRun: handleUnary(replica, async ({ run }) =>
      describeRun(await replica.runs.open(run), replica.backend.description),
    ),
    PlanBatches: handleStream(replica, (request, send) => planBatches(replica, request, send)),
    StreamBatches: handleStream(replica, (request, send, gone) => streamBatches(replica, request, send, gone)),
  };
}

async function planBatches(
  replica: Replica,
  request: PlanBatchesRequest__Output,
  send: (plan: PlanBatchesResponse) => Promise<void>,
): Promise<void> {
  const open = await openAsked(replica.runs, request);
  for (const address of addresses(resolveSteps(open, { ...request, stepStride: 1 }))) {
    const samples = await planBatch(replica.pool, open, address, request.withDrawn);
    const seed = batchSeed(open.run.seed, address);
    await send({ address, ...address, seed, samples: samples.map(plannedSample) });
  }
}
