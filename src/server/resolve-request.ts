import type { RunSelector } from '../../protos/generated/tributary/v1/RunSelector.js';
import type { StreamBatchesRequest__Output } from '../../protos/generated/tributary/v1/StreamBatchesRequest.js';
import type { Axes, DataType, TensorForm, ViewOrder } from '../batch/tensor.js';
import { checkBound, bounds as limits } from '../contract/bounds.js';
import { TributaryError } from '../errors.js';
import { checkCursor, parseCursor } from '../plan/cursor.js';
import { type Address, checkAddress } from '../run/address.js';
import type { OpenRun } from '../runs/open-run.js';
import type { OpenRuns } from '../runs/open-runs.js';
import type { Caller, Gate } from './gate.js';

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
  readonly withProgress: boolean;
}

const defaultChunkBytes = 1 << 20;
/** A client with gRPC's default receive limit of 4 MiB must always be able to take a chunk. */
/** Each chunk costs as much as a hundred kilobytes, however small it is. */
const smallestChunkBytes = 64 << 10;
const largestChunkBytes = (4 << 20) - (64 << 10);

/** The run that a request selects. FINGERPRINT_MISMATCH where it is not the one that the client expects. */
export async function openAsked(
  { runs, gate }: { readonly runs: OpenRuns; readonly gate: Gate },
  { run, expectedFingerprint }: { readonly run: RunSelector | null; readonly expectedFingerprint: string },
  caller: Caller,
): Promise<OpenRun> {
  const isCarried = run?.inlineRun !== undefined;
  if (isCarried ? !caller.inlineRuns : caller.runs !== null && !caller.runs.includes(run?.name ?? ''))
    throw new TributaryError('NOT_ALLOWED', {
      expected: `a run that ${caller.client} may ask for`,
      came: isCarried ? 'one that the request carries' : `${run?.name}`,
      remedy: 'Ask for another run, or have it allowed in the file of tokens',
    });
  const open = await (isCarried ? gate.read(caller, () => runs.open(run)) : runs.open(run));
  const { fingerprint } = open;
  if (expectedFingerprint === '' || expectedFingerprint === fingerprint) return open;
  throw new TributaryError('FINGERPRINT_MISMATCH', {
    expected: `run ${open.run.name} to have the fingerprint ${expectedFingerprint}`,
    came: `${fingerprint} on this replica`,
    remedy: 'Give every replica and the trainer the same config and the same sources, or start a new run',
    metadata: { expected: expectedFingerprint, fingerprint },
  });
}

/** Checks a request against its run. Throws the TributaryError that says what is wrong with it. */
export function resolveRequest(
  open: Pick<OpenRun, 'bounds' | 'fingerprint'>,
  request: StreamBatchesRequest__Output,
): Asked {
  const start = request.cursor === '' ? request : startOf(request.cursor, open.fingerprint);
  return {
    ...resolveSteps(open, { ...request, ...start }),
    form: {
      type: suffix<DataType>('data_type', request.dataType, 'DATA_TYPE_', 'UINT8'),
      axes: suffix<Axes>('layout', request.layout, 'LAYOUT_', 'NHWC'),
      order: suffix<ViewOrder>('view_order', request.viewOrder, 'VIEW_ORDER_', 'VIEW_MAJOR'),
    },
    chunkBytes: within(
      smallestChunkBytes,
      positive('chunk_bytes', request.chunkBytes || defaultChunkBytes),
      largestChunkBytes,
    ),
    withDrawn: request.withDrawn,
    withText: request.withText,
    withProgress: request.withProgress,
  };
}

/** Checks steps and rank against the run. What a request leaves at 0: all steps to the epoch's end, each of them, of one rank. */
export function resolveSteps(
  { bounds }: Pick<OpenRun, 'bounds'>,
  { epoch, firstStep, stepCount, stepStride, rank, worldSize }: AskedSteps,
): AskedSteps {
  const address = { epoch, rank, worldSize: worldSize || 1 };
  checkAddress(bounds, { ...address, step: firstStep });
  checkBound(
    bounds.globalBatch / address.worldSize,
    limits.slots,
    'slots in a batch',
    'Lower global_batch, or share it among more ranks',
  );
  const stride = positive('step_stride', stepStride || 1);
  const count = positive('step_count', stepCount || Math.ceil((bounds.stepsPerEpoch - firstStep) / stride));
  checkAddress(bounds, { ...address, step: firstStep + (count - 1) * stride });
  return { ...address, firstStep, stepCount: count, stepStride: stride };
}

/** The addresses of the batches that a request asks for, in order. */
export function* addresses(asked: AskedSteps): Generator<Address, void> {
  const { epoch, firstStep, stepCount, stepStride, rank, worldSize } = asked;
  for (let i = 0; i < stepCount; i++) yield { epoch, step: firstStep + i * stepStride, rank, worldSize };
}

function startOf(text: string, fingerprint: string): Pick<AskedSteps, 'epoch' | 'firstStep'> {
  const cursor = parseCursor(text);
  checkCursor(cursor, fingerprint);
  return { epoch: cursor.epoch, firstStep: cursor.step };
}

function within(least: number, value: number, most: number): number {
  return Math.min(Math.max(least, value), most);
}

/** What an enum's name says; proto-loader gives a value without a name as its number. */
function suffix<T extends string>(field: string, name: string | number, prefix: string, otherwise: T): T {
  if (typeof name === 'number')
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: `${field} to be a value that the contract names`,
      came: String(name),
      remedy: `Leave ${field} at 0 for its default`,
      metadata: { field, value: String(name) },
    });
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
