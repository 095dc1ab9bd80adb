import { type ServiceError, status } from '@grpc/grpc-js';
import { fromServiceError } from '../contract/error-details.js';
import { type Reason, TributaryError } from '../errors.js';

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
  const known = fromServiceError(failed);
  if (known === null) return { error: unanswered(failed, peer), passing: passingCodes.has(failed.code), peer };
  return { error: known, passing: passingCodes.has(failed.code) || replicaReasons.has(known.reason), peer };
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
