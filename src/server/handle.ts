import { type handleServerStreamingCall, type handleUnaryCall, type ServerWritableStream, status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { toServiceError } from '../contract/error-details.js';
import type { Metrics } from './metrics.js';

interface Watch {
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Makes an async function a unary handler: counted, timed, logged, its errors sent as statuses. */
export function handleUnary<Request, Response>(
  watch: Watch,
  answer: (request: Request) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return async (call, callback) => {
    const ended = begin(watch, call.getPath());
    try {
      const response = await answer(call.request);
      ended(status.OK);
      callback(null, response);
    } catch (error) {
      const failure = toServiceError(error);
      ended(failure.code, error);
      callback(failure);
    }
  };
}

/**
 * Makes an async function a server-streaming handler, as `handleUnary` does. The function sends, and awaits each message;
 * this ends the call. `gone` is aborted once the client has left, and then whatever waits to be sent rejects.
 */
export function handleStream<Request, Response>(
  watch: Watch,
  answer: (request: Request, send: (message: Response) => Promise<void>, gone: AbortSignal) => Promise<void>,
): handleServerStreamingCall<Request, Response> {
  return async (call) => {
    const ended = begin(watch, call.getPath());
    const gone = new AbortController();
    const leave = (): void => gone.abort(new Error('the client has gone'));
    call.once('cancelled', leave);
    if (call.cancelled) leave();
    try {
      await answer(call.request, (message) => write(call, message, gone.signal), gone.signal);
    } catch (error) {
      if (!gone.signal.aborted) {
        const failure = toServiceError(error);
        ended(failure.code, error);
        return void call.emit('error', failure);
      }
    }
    ended(gone.signal.aborted ? status.CANCELLED : status.OK);
    call.end();
  };
}

/**
 * Awaits the write itself: `write` returning false would come only after 16 messages, whatever their size. Rejects as soon as
 * `signal` says so: of a write that was blocked when its call ended, grpc-js never tells where Node reports it as failed, as
 * Node 22 does.
 */
function write<Request, Response>(
  call: ServerWritableStream<Request, Response>,
  message: Response,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const giveUp = (): void => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    call.write(message, (error: unknown) => {
      signal.removeEventListener('abort', giveUp);
      if (error == null) resolve();
      else reject(error);
    });
  });
}

function begin({ log, metrics }: Watch, path: string): (code: status, error?: unknown) => void {
  const [, grpc_service = '', grpc_method = ''] = path.split('/');
  const labels = { grpc_service, grpc_method };
  metrics.started.inc(labels);
  const stop = metrics.handling.startTimer(labels);
  return (code, error) => {
    stop();
    metrics.handled.inc({ ...labels, grpc_code: status[code] });
    const line = { method: grpc_method, code: status[code] };
    if (code === status.INTERNAL) log.error({ ...line, err: error }, 'call failed');
    else if (error !== undefined) log.warn({ ...line, reason: (error as Error).message }, 'call refused');
    else log.debug(line, 'call ended');
  };
}
