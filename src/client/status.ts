import { type ServiceError, status } from '@grpc/grpc-js';
import { contract } from '../contract/contract.js';
import { errorDomain, type Reason, reasons, TributaryError } from '../errors.js';

const detailsKey = 'grpc-status-details-bin';

/** A failed call, as a client sees it: the server's own error where it sent one, else what gRPC says of the connection. */
export interface Failure {
  readonly error: TributaryError;
  /** Whether the same request may succeed on another replica, or later. */
  readonly passing: boolean;
  /** The replica that answered; empty where none did. */
  readonly peer: string;
}

/** Codes that come from a connection or from a replica that ends, and say nothing of the request. */
const passingCodes: ReadonlySet<number> = new Set([
  status.UNAVAILABLE,
  status.CANCELLED,
  status.UNKNOWN,
  status.INTERNAL,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.ABORTED,
]);

/** Reasons that hold for one replica and may not for another. */
const replicaReasons: ReadonlySet<Reason> = new Set([
  'FINGERPRINT_MISMATCH',
  'CRC_MISMATCH',
  'NOT_INDEXED',
  'SOURCE_CHANGED',
]);

/** Reads a failed call. */
export function toFailure(error: unknown, peer: string): Failure {
  if (error instanceof TributaryError)
    return { error, passing: error.code === 'UNAVAILABLE' || replicaReasons.has(error.reason), peer };
  const failed = error as ServiceError;
  const info = errorInfo(failed);
  if (info === null || !(info.reason in reasons))
    return { error: unanswered(failed, peer), passing: passingCodes.has(failed.code), peer };
  const reason = info.reason as Reason;
  const known = fromMessage(reason, failed.details, info.metadata);
  return { error: known, passing: passingCodes.has(failed.code) || replicaReasons.has(reason), peer };
}

function errorInfo(error: ServiceError): { reason: string; metadata: Record<string, string> } | null {
  const bytes = error.metadata?.get(detailsKey)[0];
  if (!Buffer.isBuffer(bytes)) return null;
  for (const detail of contract.google.rpc.Status.deserialize(bytes).details) {
    const { type_url, value } = detail as unknown as { type_url: string; value: Buffer };
    if (type_url !== 'type.googleapis.com/google.rpc.ErrorInfo') continue;
    const info = contract.google.rpc.ErrorInfo.deserialize(value);
    if (info.domain === errorDomain) return { reason: info.reason, metadata: info.metadata };
  }
  return null;
}

function fromMessage(reason: Reason, message: string, metadata: Record<string, string>): TributaryError {
  const [, expected = 'an answer', came = message, remedy = ''] =
    /^expected (.*?), but got (.*?)\. (.*)\.$/s.exec(message) ?? [];
  return new TributaryError(reason, { expected, came, remedy, metadata });
}

function unanswered(error: ServiceError, peer: string): TributaryError {
  return new TributaryError('NO_REPLICA', {
    expected: `an answer from ${peer === '' ? 'a replica' : peer.replace(/^dns:\/\/\//, '')}`,
    came: `${status[error.code] ?? 'a failure'}: ${bare(error.details ?? error.message)}`,
    remedy: 'Check that a replica listens there',
    metadata: { peer },
    cause: error,
  });
}

/** What a connection failed of, out of the frames that gRPC puts around it. */
function bare(details: string): string {
  const last = details.split('Last error: ').at(-1)!;
  return last
    .replace(/^Error: /, '')
    .replace(/[.\s]*Resolution note:[\s.]*$/, '')
    .replaceAll('dns:///', '');
}
