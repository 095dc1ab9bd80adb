import { type ServiceError, status } from '@grpc/grpc-js';
import { contract } from '../contract/contract.js';
import { errorDomain, type Reason, reasons, TributaryError } from '../errors.js';
import { type Verdict, verdictOf } from './behaviour.js';

const detailsKey = 'grpc-status-details-bin';

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
  const code = status[failed.code] ?? 'UNKNOWN';
  const info = errorInfo(failed);
  if (info === null || !(info.reason in reasons)) return failure(unanswered(failed, peer), code, peer);
  return failure(fromMessage(info.reason as Reason, failed.details, info.metadata), code, peer);
}

function failure(error: TributaryError, code: string, peer: string): Failure {
  const retrySeconds = Number(error.metadata.retry_delay_ms ?? 0) / 1000;
  return { error, verdict: verdictOf(code, error.reason), retrySeconds, peer };
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
