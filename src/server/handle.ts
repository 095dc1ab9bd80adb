import type { handleServerStreamingCall, handleUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
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

/** Makes an async function a server-streaming handler. The function writes; this ends the call. */
export function handleStream<Request, Response>(
  watch: Watch,
  answer: (call: ServerWritableStream<Request, Response>) => Promise<void>,
): handleServerStreamingCall<Request, Response> {
  return async (call) => {
    const ended = begin(watch, call.getPath());
    try {
      await answer(call);
      ended(call.cancelled ? status.CANCELLED : status.OK);
      call.end();
    } catch (error) {
      const failure = toServiceError(error);
      ended(failure.code, error);
      call.emit('error', failure);
    }
  };
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
