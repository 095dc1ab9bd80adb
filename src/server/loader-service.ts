import type { LoaderServiceHandlers } from '../../protos/generated/tributary/v1/LoaderService.js';
import type { PlanBatchesRequest__Output } from '../../protos/generated/tributary/v1/PlanBatchesRequest.js';
import type { PlanBatchesResponse } from '../../protos/generated/tributary/v1/PlanBatchesResponse.js';
import { planBatch } from '../batch/plan-batch.js';
import { readRunSelector } from '../contract/run-selector.js';
import { handleStream, handleUnary } from './handle.js';
import { describeRun } from './messages.js';
import type { Replica } from './replica.js';
import { checkFingerprint, resolveSteps } from './resolve-request.js';
import { streamBatches } from './stream-batches.js';

/** The loader's calls on a replica. */
export function loaderService(replica: Replica): LoaderServiceHandlers {
  const { log, metrics } = replica;
  return {
    DescribeRun: handleUnary({ log, metrics }, async ({ run }) =>
      describeRun(await replica.runs.open(readRunSelector(run)), replica.backend.description),
    ),
    PlanBatches: handleStream({ log, metrics }, (call) =>
      planBatches(replica, call.request, (plan) => written(call, plan)),
    ),
    StreamBatches: handleStream({ log, metrics }, (call) => streamBatches(replica, call)),
  };
}

async function planBatches(
  replica: Replica,
  request: PlanBatchesRequest__Output,
  send: (plan: PlanBatchesResponse) => Promise<boolean>,
): Promise<void> {
  const open = await replica.runs.open(readRunSelector(request.run));
  checkFingerprint(open, request.expectedFingerprint);
  const { epoch, firstStep, stepCount, rank, worldSize } = resolveSteps(open, { ...request, stepStride: 1 });
  for (let step = firstStep; step < firstStep + stepCount; step++) {
    const address = { epoch, step, rank, worldSize };
    const samples = await planBatch(replica.pool, open, address, request.withDrawn);
    const sent = await send({
      address,
      ...address,
      samples: samples.map(({ draw, corrupt, label, ...sample }) => ({
        ...sample,
        ...(label === null ? {} : { label: label.index, className: label.name }),
        erase: draw?.erase ?? null,
        ...(draw === null ? {} : { drawn: JSON.stringify(draw) }),
        corruptKeys: corrupt === null ? [] : [sample.key],
        corruptReasons: corrupt === null ? [] : [corrupt],
      })),
    });
    if (!sent) return;
  }
}

function written(
  call: { cancelled: boolean; write(message: PlanBatchesResponse, done: () => void): void },
  plan: PlanBatchesResponse,
): Promise<boolean> {
  return new Promise((resolve) => {
    if (call.cancelled) resolve(false);
    else call.write(plan, () => resolve(!call.cancelled));
  });
}
