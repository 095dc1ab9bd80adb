import { type ServiceError, status } from '@grpc/grpc-js';
import { fromServiceError } from '../contract/error-details.js';
import { TributaryError } from '../errors.js';
import { type Verdict, verdictOf } from './behaviour.js';

/** A failed call, as a client sees it: the server's own error where it sent one, else what gRPC says of the connection. */
export interface Failure {
  readonly error: TributaryError;
  readonly verdict: Verdict;
  /** The pause that the replica asked for, in seconds; 0 where it asked for none. */
  readonly retrySeconds: number;
  /** The replica that answered; empty where none did. */
  readonly peer: string;
}

/** Reads a failed call. */
export function toFailure(error: unknown, peer: string): Failure {
  if (error instanceof TributaryError) return failure(error, error.code, peer);
  const failed = error as ServiceError;
  const known = fromServiceError(failed);
  return failure(known ?? unanswered(failed, peer), status[failed.code] ?? 'UNKNOWN', peer);
}

function failure(error: TributaryError, code: string, peer: string): Failure {
  const retrySeconds = Number(error.metadata.retry_delay_ms ?? 0) / 1000;
  return { error, verdict: verdictOf(code, error.reason), retrySeconds, peer };
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
