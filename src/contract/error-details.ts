import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { errorDomain, type Reason, reasons, TributaryError } from '../errors.js';
import { contract } from './contract.js';

/** Where gRPC carries a serialised `google.rpc.Status`. */
const detailsKey = 'grpc-status-details-bin';
/** The longest message, and the longest of what belongs to it: names come from requests, and a trailer that is too long ends a connection. */
const [longestMessage, longestFact, mostFacts] = [3064, 256, 8];
/** What of a text is looked at: more is clipped anyhow. */
const longestRead = 16_384;
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
 * message, and a `RetryInfo` where the metadata names a `retry_delay_ms`. Of a path of the server's no more is told than its last name, and errors
 * that nobody foresaw become INTERNAL with a message that gives nothing of the server away: its log has all of it.
 */
export function toServiceError(error: unknown): ServiceError {
  const known = error instanceof TributaryError ? error : unforeseen(error);
  const { reason } = known;
  const whole = withoutPaths(known.message);
  const message = clipped(whole, longestMessage);
  const facts = Object.fromEntries(
    Object.entries(known.metadata)
      .slice(0, mostFacts)
      .map(([name, value]) => [clipped(name, 64), clipped(withoutPaths(value), longestFact)]),
  );
  const code = status[known.code];
  const info = ErrorInfo.serialize({ reason, domain: errorDomain, metadata: { ...facts } });
  const details = [{ type_url: types.info, value: info }];
  if (message === whole && message.length <= longestWithParts) {
    const { expected, came, remedy } = known.detail;
    const parts = { expected: withoutPaths(expected), came: withoutPaths(came), remedy: withoutPaths(remedy) };
    details.push({ type_url: types.parts, value: ErrorParts.serialize(parts) });
  }
  const delay = Number(facts.retry_delay_ms ?? Number.NaN);
  if (Number.isFinite(delay)) {
    const retryDelay = { seconds: Math.floor(delay / 1000), nanos: (delay % 1000) * 1e6 };
    details.push({ type_url: types.retry, value: RetryInfo.serialize({ retryDelay }) });
  }
  const metadata = new Metadata();
  metadata.set(detailsKey, Status.serialize({ code, message, details } as never));
  return Object.assign(new Error(message), { code, details: message, metadata });
}

/** The error that `toServiceError` sent; null where the failure carries none, one that is damaged, or one of a reason unknown here. */
export function fromServiceError(failed: ServiceError): TributaryError | null {
  const bytes = failed.metadata?.get(detailsKey)[0];
  if (!Buffer.isBuffer(bytes)) return null;
  try {
    return errorIn(bytes, failed);
  } catch {
    // The failure that came with it is one all the same.
    return null;
  }
}

function errorIn(bytes: Buffer, failed: ServiceError): TributaryError | null {
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

/** What begins with a slash or a scheme: in quotes up to their end, else up to a mark, or a space after which no slash follows soon. */
const places =
  /(["'`])(?:[a-z][\w+.-]*:\/)?\/([^"'`\n]*)\1|(?<![\w.~/-])(?:[a-z][\w+.-]*:\/)?\/([^\s"'`,;()<>]+(?:(?<![.:])(?: [^\s"'`,;()<>/]+){0,3} [^\s"'`,;()<>/]*\/[^\s"'`,;()<>]*)*)/gi;

/** A text with the last names of paths and URLs alone: where things lie on a server is its own business. */
function withoutPaths(text: string): string {
  return text
    .slice(0, longestRead)
    .replaceAll(places, (_, quote: string | undefined, quoted: string | undefined, bare: string | undefined) => {
      const last = (quoted ?? bare)!.replace(/\/+$/, '').split('/').at(-1)!;
      return `${quote ?? ''}.../${last}${quote ?? ''}`;
    });
}

function unforeseen(error: unknown): TributaryError {
  return new TributaryError('INTERNAL', {
    expected: 'no fault inside the replica',
    came: 'one that nobody foresaw',
    remedy: 'Ask another replica and report what this one logged',
    cause: error,
  });
}
