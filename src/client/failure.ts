import { type ServiceError, status } from '@grpc/grpc-js';
import { fromServiceError } from '../contract/error-details.js';
import { type ErrorDetail, TributaryError } from '../errors.js';
import { channelOptions, type Verdict, verdictOf } from './behaviour.js';

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
  const known = fromServiceError(failed) ?? ownLimit(failed);
  return failure(known ?? unanswered(failed, peer), status[failed.code] ?? 'UNKNOWN', peer);
}

function failure(error: TributaryError, code: string, peer: string): Failure {
  const delay = Number(error.metadata.retry_delay_ms ?? 0);
  const retrySeconds = delay > 0 && Number.isFinite(delay) ? delay / 1000 : 0;
  return { error, verdict: verdictOf(code, error.reason), retrySeconds, peer };
}

/** What gRPC itself says of a limit, on this side or the other, under a reason that names it; null for anything else. */
function ownLimit(error: ServiceError): TributaryError | null {
  const details = error.details ?? error.message;
  // gRPC gives a flooded connection the same code, and has nothing but its text to tell them apart.
  if (error.code === status.RESOURCE_EXHAUSTED && details.includes('larger than max'))
    return new TributaryError('TOO_MUCH_ASKED', {
      expected: `messages of ${channelOptions['grpc.max_receive_message_length']} bytes at most`,
      came: `one that is longer (${details})`,
      remedy: 'Ask for less in one message: no text, shorter class names, fewer epochs, a smaller inline run',
      cause: error,
    });
  return exhausted(error);
}

/** CLIENT_EXHAUSTED where it is this process that has run out of descriptors or memory, else null. */
export function exhausted(error: Error & { details?: string }): TributaryError | null {
  const short = /\b(EMFILE|ENFILE|ENOMEM)\b/.exec(error.details ?? error.message);
  if (short === null) return null;
  return new TributaryError('CLIENT_EXHAUSTED', {
    expected: 'descriptors and memory for a connection',
    came: `${short[1]} in the client's own process`,
    remedy: 'Raise its limit (ulimit -n), or find what it leaves open',
    cause: error,
  });
}

function unanswered(error: ServiceError, peer: string): TributaryError {
  return noAnswer(peer, {
    expected: `an answer from ${peer === '' ? 'a replica' : peer}`,
    came: `${status[error.code] ?? 'a failure'} (${(error.details ?? error.message).trim().replaceAll(/\s*\n\s*/g, ' ')})`,
    remedy: 'Check that a replica listens there',
    cause: error,
  });
}

/** What a replica's silence is: NO_REPLICA, with the replica as metadata. */
export function noAnswer(peer: string, detail: Omit<ErrorDetail, 'metadata'>): TributaryError {
  return new TributaryError('NO_REPLICA', { ...detail, metadata: { peer } });
}
