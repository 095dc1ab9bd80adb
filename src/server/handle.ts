import { setMaxListeners } from 'node:events';
import { constants, type ServerHttp2Stream } from 'node:http2';
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type ServerWritableStream,
  status,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { processesKey } from '../contract/contract.js';
import { toServiceError } from '../contract/error-details.js';
import { clientName } from './client-name.js';
import { type Caller, costOfBytes, type Gate } from './gate.js';
import type { Metrics } from './metrics.js';
import type { Called, Identity } from './tokens.js';

interface Watch {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly gate: Gate;
  /** How many processes share the address; 1 where it is not said. */
  readonly processes?: number;
}

/** A call with a stream for its answer. */
export interface StreamCaller<Response> extends Caller {
  /** Sends a message of about so many bytes, in the client's turn; settles once it is on its way. */
  send(message: Response, bytes?: number): Promise<void>;
}

/** Makes an async function a unary handler: let in by the gate, counted, timed, logged, its errors sent as statuses. */
export function handleUnary<Request, Response>(
  watch: Watch,
  answer: (request: Request, caller: Caller) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return async (call, callback) => {
    const ended = begin(watch, call);
    try {
      const caller = await watch.gate.enter(ended.as(await watch.gate.identify(call)), goneOf(call));
      const response = await answer(call.request, caller);
      ended(status.OK);
      callback(null, response);
    } catch (error) {
      if (call.cancelled) return ended(status.CANCELLED);
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
  answer: (request: Request, caller: StreamCaller<Response>) => Promise<void>,
): handleServerStreamingCall<Request, Response> {
  return async (call) => {
    const ended = begin(watch, call);
    const gone = goneOf(call);
    try {
      const caller = await watch.gate.enter(ended.as(await watch.gate.identify(call)), gone);
      const send = async (message: Response, bytes = 0): Promise<void> => {
        let written = Promise.resolve();
        const act = async (): Promise<void> => {
          written = write(call, message, gone);
          // It is awaited after the turn; until then its failure must not count as unhandled.
          written.catch(() => {});
        };
        await watch.gate.turn(caller, act, costOfBytes(bytes));
        await written;
      };
      if (watch.processes !== undefined && watch.processes > 1) call.sendMetadata(processesMetadata(watch.processes));
      await answer(call.request, { ...caller, send });
    } catch (error) {
      if (!gone.aborted) {
        const failure = toServiceError(error);
        ended(failure.code, error);
        call.emit('error', failure);
        return endSoon(call);
      }
    }
    ended(gone.aborted ? status.CANCELLED : status.OK);
    call.end();
  };
}

function processesMetadata(processes: number): Metadata {
  const metadata = new Metadata();
  metadata.set(processesKey, String(processes));
  return metadata;
}

/** Aborted once a call's client has left. */
function goneOf(call: {
  readonly cancelled: boolean;
  once(event: 'cancelled', act: () => void): unknown;
}): AbortSignal {
  const gone = new AbortController();
  // One listener for each of its tasks that waits is meant, and no leak.
  setMaxListeners(0, gone.signal);
  const leave = (): void => gone.abort(new Error('the client has gone'));
  call.once('cancelled', leave);
  if (call.cancelled) leave();
  return gone.signal;
}

/** Milliseconds for a client to take a call's end. */
const endingTime = 5_000;

/** Resets a stream whose client does not even take its end: until then what was sent before lies here. */
function endSoon(call: object): void {
  const { stream } = (call as { call?: { stream?: ServerHttp2Stream } }).call ?? {};
  if (stream === undefined || stream.closed) return;
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), endingTime).unref();
  stream.once('close', () => clearTimeout(timer));
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

/** A call that is counted. */
interface Begun {
  (code: status, error?: unknown): void;
  /** Counts it for somebody. */
  as(identity: Identity): Identity;
}

function begin({ log, metrics }: Watch, call: Called & { getPath(): string }): Begun {
  const [, grpc_service = '', grpc_method = ''] = call.getPath().split('/');
  const labels = { grpc_service, grpc_method };
  metrics.started.inc(labels);
  const stop = metrics.handling.startTimer(labels);
  let client = clientName(call);
  const ended = (code: status, error?: unknown): void => {
    stop();
    metrics.handled.inc({ ...labels, grpc_code: status[code] });
    const line = { method: grpc_method, code: status[code], client };
    if (code === status.INTERNAL) log.error({ ...line, err: error }, 'call failed');
    else if (error !== undefined) log.warn({ ...line, reason: (error as Error).message }, 'call refused');
    else log.debug(line, 'call ended');
  };
  const as = (identity: Identity): Identity => {
    client = identity.client;
    // Addresses are as many as there may be, and no label.
    if (client.startsWith('name ')) metrics.calls.inc({ client: client.slice(5) });
    return identity;
  };
  return Object.assign(ended, { as });
}
