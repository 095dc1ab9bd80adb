import type { StreamBatchesRequest__Output } from '../../protos/generated/tributary/v1/StreamBatchesRequest.js';
import type { DataType, TensorForm, TensorLayout } from '../batch/tensor.js';
import { TributaryError } from '../errors.js';
import { checkCursor, parseCursor } from '../plan/cursor.js';
import { checkRank } from '../plan/order.js';
import type { OpenRun } from '../runs/open-run.js';

/** A request with its defaults filled in, checked against the run. */
export interface Asked {
  readonly epoch: number;
  readonly firstStep: number;
  readonly stepCount: number;
  readonly stepStride: number;
  readonly rank: number;
  readonly worldSize: number;
  readonly form: TensorForm;
  readonly chunkBytes: number;
  readonly withDrawn: boolean;
  readonly withText: boolean;
}

const defaultChunkBytes = 1 << 20;
/** A client with gRPC's default receive limit of 4 MiB must always be able to take a chunk. */
const largestChunkBytes = (4 << 20) - (64 << 10);

/** Checks a request against the run. Throws the TributaryError that says what is wrong with it. */
export function resolveRequest(open: OpenRun, request: StreamBatchesRequest__Output): Asked {
  checkFingerprint(open, request.expectedFingerprint);
  const start = startOf(open, request);
  const stepStride = positive('step_stride', request.stepStride || 1);
  const { stepCount, ...range } = resolveSteps(open, { ...start, stepCount: request.stepCount, stepStride });
  const worldSize = request.worldSize || 1;
  checkRank(open.run.global_batch, request.rank, worldSize);
  return {
    ...range,
    stepCount,
    stepStride,
    rank: request.rank,
    worldSize,
    form: {
      type: suffix<DataType>(request.dataType, 'DATA_TYPE_', 'UINT8'),
      layout: suffix<TensorLayout>(request.layout, 'LAYOUT_', 'NHWC'),
    },
    chunkBytes: Math.min(positive('chunk_bytes', request.chunkBytes || defaultChunkBytes), largestChunkBytes),
    withDrawn: request.withDrawn,
    withText: request.withText,
  };
}

/** FINGERPRINT_MISMATCH where the client expects another run. */
export function checkFingerprint(open: OpenRun, expected: string): void {
  if (expected === '' || expected === open.fingerprint) return;
  throw new TributaryError('FINGERPRINT_MISMATCH', {
    expected: `run ${open.run.name} to have the fingerprint ${expected}`,
    came: `${open.fingerprint} on this replica`,
    remedy: 'Give every replica and the trainer the same config and the same sources, or start a new run',
    metadata: { expected, fingerprint: open.fingerprint },
  });
}

/** Checks epoch and steps against the run; a count of 0 means all to the epoch's end. */
export function resolveSteps(
  open: OpenRun,
  {
    epoch,
    firstStep,
    stepCount,
    stepStride,
  }: { epoch: number; firstStep: number; stepCount: number; stepStride: number },
): { epoch: number; firstStep: number; stepCount: number } {
  const { epochs } = open.run.training;
  if (epoch < 0 || epoch >= epochs)
    throw new TributaryError('EPOCH_OUT_OF_RANGE', {
      expected: `an epoch in 0..${epochs - 1} of run ${open.run.name}`,
      came: `epoch ${epoch}`,
      remedy: 'Stop here: the run is over, or raise its epochs',
      metadata: { epoch: String(epoch), epochs: String(epochs) },
    });
  const left = Math.ceil((open.stepsPerEpoch - firstStep) / stepStride);
  const count = stepCount === 0 ? left : stepCount;
  const last = firstStep + (count - 1) * stepStride;
  if (firstStep < 0 || count < 1 || last >= open.stepsPerEpoch)
    throw new TributaryError('STEP_OUT_OF_RANGE', {
      expected: `steps in 0..${open.stepsPerEpoch - 1} of epoch ${epoch}`,
      came: count < 2 ? `step ${firstStep}` : `steps ${firstStep}..${last}`,
      remedy: 'Go on with step 0 of the next epoch, or ask for fewer steps',
      metadata: { step: String(Math.max(firstStep, last)), steps_per_epoch: String(open.stepsPerEpoch) },
    });
  return { epoch, firstStep, stepCount: count };
}

function startOf(open: OpenRun, request: StreamBatchesRequest__Output): { epoch: number; firstStep: number } {
  if (request.cursor === '') return { epoch: request.epoch, firstStep: request.firstStep };
  const cursor = parseCursor(request.cursor);
  checkCursor(cursor, open.fingerprint);
  return { epoch: cursor.epoch, firstStep: cursor.step };
}

function suffix<T extends string>(name: string, prefix: string, otherwise: T): T {
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : 'UNSPECIFIED';
  return rest === 'UNSPECIFIED' ? otherwise : (rest as T);
}

function positive(field: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new TributaryError('ARGUMENT_INVALID', {
    expected: `${field} to be a positive integer`,
    came: String(value),
    remedy: `Leave ${field} at 0 for its default`,
    metadata: { field, value: String(value) },
  });
}
