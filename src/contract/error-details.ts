import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { errorDomain, type Reason, reasons, TributaryError } from '../errors.js';
import { contract } from './contract.js';

/** Where gRPC carries a serialised `google.rpc.Status`. */
const detailsKey = 'grpc-status-details-bin';
/** The longest message, and the longest of what belongs to it: names come from requests, and a trailer that is too long ends a connection. */
const [longestMessage, longestFact, mostFacts] = [3064, 256, 8];
/** Longer messages travel without their parts: trailers of more than 8 KiB are refused by many a client. */
const longestWithParts = 1024;

const { Status, ErrorInfo, RetryInfo } = contract.google.rpc;
const { ErrorParts } = contract.tributary.v1;
const types = {
  info: 'type.googleapis.com/google.rpc.ErrorInfo',
  retry: 'type.googleapis.com/google.rpc.RetryInfo',
  parts: 'type.googleapis.com/tributary.v1.ErrorParts',
};

/**
 * An error as gRPC sends it: code, message, and as details a `google.rpc.ErrorInfo` with reason and metadata, the parts of the
 * message, and a `RetryInfo` where the metadata names a `retry_delay_ms`. Errors that nobody foresaw become INTERNAL with a
 * message that gives nothing of the server away.
 */
export function toServiceError(error: unknown): ServiceError {
  const known = error instanceof TributaryError ? error : unforeseen(error);
  const { reason, detail } = known;
  const message = clipped(known.message, longestMessage);
  const facts = Object.fromEntries(
    Object.entries(known.metadata)
      .slice(0, mostFacts)
      .map(([name, value]) => [clipped(name, 64), clipped(value, longestFact)]),
  );
  const code = status[known.code];
  const info = ErrorInfo.serialize({ reason, domain: errorDomain, metadata: { ...facts } });
  const details = [{ type_url: types.info, value: info }];
  const isWhole = message === known.message && message.length <= longestWithParts;
  if (isWhole) details.push({ type_url: types.parts, value: ErrorParts.serialize(detail) });
  const delay = Number(facts.retry_delay_ms ?? Number.NaN);
  if (Number.isFinite(delay)) {
    const retryDelay = { seconds: Math.floor(delay / 1000), nanos: (delay % 1000) * 1e6 };
    details.push({ type_url: types.retry, value: RetryInfo.serialize({ retryDelay }) });
  }
  const metadata = new Metadata();
  metadata.set(detailsKey, Status.serialize({ code, message, details } as never));
  return Object.assign(new Error(message), { code, details: message, metadata });
}

/** The error that `toServiceError` sent; null where the failure carries none, or one of a reason unknown here. */
export function fromServiceError(failed: ServiceError): TributaryError | null {
  const bytes = failed.metadata?.get(detailsKey)[0];
  if (!Buffer.isBuffer(bytes)) return null;
  const details = Status.deserialize(bytes).details as unknown as readonly { type_url: string; value: Buffer }[];
  const detailOf = (type: string) => details.find(({ type_url }) => type_url === type)?.value;
  const bytesOfInfo = detailOf(types.info);
  if (bytesOfInfo === undefined) return null;
  const { reason, domain, metadata } = ErrorInfo.deserialize(bytesOfInfo);
  if (domain !== errorDomain || !Object.hasOwn(reasons, reason)) return null;
  const bytesOfParts = detailOf(types.parts);
  const parts =
    bytesOfParts === undefined
      ? { expected: 'no failure', came: failed.details, remedy: 'See docs/errors.md' }
      : ErrorParts.deserialize(bytesOfParts);
  return new TributaryError(reason as Reason, { ...parts, metadata }, failed.details);
}

/** A text of at most so many bytes as gRPC writes it, which takes three for each byte beyond ASCII. */
function clipped(text: string, most: number): string {
  if (text.length * 9 <= most) return text;
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += character > '~' || character < ' ' || character === '%' ? 3 * Buffer.byteLength(character) : 1;
    if (bytes > most) return `${text.slice(0, end)}...`;
    end += character.length;
  }
  return text;
}

function unforeseen(error: unknown): TributaryError {
  return new TributaryError('INTERNAL', {
    expected: 'no fault inside the replica',
    came: 'one that nobody foresaw',
    remedy: 'Ask another replica and report what this one logged',
    cause: error,
  });
}
