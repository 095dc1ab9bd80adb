import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { contract } from '../contract/contract.js';
import { errorDomain, TributaryError } from '../errors.js';

/** Where gRPC carries a serialised `google.rpc.Status`. */
export const detailsKey = 'grpc-status-details-bin';

/**
 * An error as gRPC sends it: code, message, and a `google.rpc.ErrorInfo` with reason and metadata; a `RetryInfo` where
 * the metadata names a `retry_delay_ms`. Errors that nobody foresaw become INTERNAL with a message that gives nothing of
 * the server away.
 */
export function toStatus(error: unknown): ServiceError {
  const known = error instanceof TributaryError ? error : unforeseen(error);
  const code = status[known.code];
  const details = [
    any('google.rpc.ErrorInfo', { reason: known.reason, domain: errorDomain, metadata: { ...known.metadata } }),
  ];
  const delay = Number(known.metadata.retry_delay_ms ?? Number.NaN);
  if (Number.isFinite(delay))
    details.push(
      any('google.rpc.RetryInfo', { retryDelay: { seconds: Math.floor(delay / 1000), nanos: (delay % 1000) * 1e6 } }),
    );
  const metadata = new Metadata();
  metadata.set(detailsKey, encode('google.rpc.Status', { code, message: known.message, details }));
  return Object.assign(new Error(known.message), { code, details: known.message, metadata });
}

function unforeseen(error: unknown): TributaryError {
  return new TributaryError('INTERNAL', {
    expected: 'no fault inside the replica',
    came: 'one that nobody foresaw',
    remedy: 'Ask another replica and report what this one logged',
    cause: error,
  });
}

type RpcMessage = 'google.rpc.Status' | 'google.rpc.ErrorInfo' | 'google.rpc.RetryInfo';

function encode(type: RpcMessage, value: object): Buffer {
  const name = type.slice('google.rpc.'.length) as 'Status' | 'ErrorInfo' | 'RetryInfo';
  return contract.google.rpc[name].serialize(value as never);
}

function any(type: RpcMessage, value: object): { type_url: string; value: Buffer } {
  return { type_url: `type.googleapis.com/${type}`, value: encode(type, value) };
}
