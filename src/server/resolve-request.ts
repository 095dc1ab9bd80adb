import type { StreamBatchesRequest__Output } from '../../protos/generated/tributary/v1/StreamBatchesRequest.js';
import type { Axes, DataType, TensorForm } from '../batch/tensor.js';
import { TributaryError } from '../errors.js';
import { checkCursor, parseCursor } from '../plan/cursor.js';
import { type Address, checkAddress } from '../run/address.js';
import type { OpenRun } from '../runs/open-run.js';

/** What of a run a request is checked against. */
type AskedRun = Pick<OpenRun, 'bounds' | 'fingerprint'> & { readonly run: Pick<OpenRun['run'], 'name'> };

/** The batches that a request asks for: steps of an epoch, for one rank. */
export interface AskedSteps extends Omit<Address, 'step'> {
  readonly firstStep: number;
  readonly stepCount: number;
  readonly stepStride: number;
}

/** A request with its defaults filled in, checked against the run. */
export interface Asked extends AskedSteps {
  readonly form: TensorForm;
  readonly chunkBytes: number;
  readonly withDrawn: boolean;
  readonly withText: boolean;
}

const defaultChunkBytes = 1 << 20;
/** A client with gRPC's default receive limit of 4 MiB must always be able to take a chunk. */
const largestChunkBytes = (4 << 20) - (64 << 10);

/** Checks a request against the run. Throws the TributaryError that says what is wrong with it. */
export function resolveRequest(open: AskedRun, request: StreamBatchesRequest__Output): Asked {
  checkFingerprint(open, request.expectedFingerprint);
  return {
    ...resolveSteps(open, { ...request, ...startOf(open, request) }),
    form: {
      type: suffix<DataType>(request.dataType, 'DATA_TYPE_', 'UINT8'),
      axes: suffix<Axes>(request.layout, 'LAYOUT_', 'NHWC'),
    },
    chunkBytes: Math.min(positive('chunk_bytes', request.chunkBytes || defaultChunkBytes), largestChunkBytes),
    withDrawn: request.withDrawn,
    withText: request.withText,
  };
}

/** FINGERPRINT_MISMATCH where the client expects another run. */
export function checkFingerprint(open: AskedRun, expected: string): void {
  if (expected === '' || expected === open.fingerprint) return;
  throw new TributaryError('FINGERPRINT_MISMATCH', {
    expected: `run ${open.run.name} to have the fingerprint ${expected}`,
    came: `${open.fingerprint} on this replica`,
    remedy: 'Give every replica and the trainer the same config and the same sources, or start a new run',
    metadata: { expected, fingerprint: open.fingerprint },
  });
}

/** Checks steps and rank against the run. What a request leaves at 0: all steps to the epoch's end, each of them, of one rank. */
export function resolveSteps(
  { bounds }: Pick<AskedRun, 'bounds'>,
  { epoch, firstStep, stepCount, stepStride, rank, worldSize }: AskedSteps,
): AskedSteps {
  const address = { epoch, rank, worldSize: worldSize || 1 };
  checkAddress(bounds, { ...address, step: firstStep });
  const stride = positive('step_stride', stepStride || 1);
  const count = positive('step_count', stepCount || Math.ceil((bounds.stepsPerEpoch - firstStep) / stride));
  checkAddress(bounds, { ...address, step: firstStep + (count - 1) * stride });
  return { ...address, firstStep, stepCount: count, stepStride: stride };
}

function startOf(open: AskedRun, request: StreamBatchesRequest__Output): { epoch: number; firstStep: number } {
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
