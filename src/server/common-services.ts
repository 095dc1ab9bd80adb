import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Server,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { packageDefinition } from '../contract/contract.js';
import { toServiceError } from '../contract/error-details.js';
import { TributaryError } from '../errors.js';
import { clientName, type Peered } from './client-name.js';

/** The health service's name for liveness: it stays SERVING while a replica drains, so that nobody restarts it. */
const liveName = 'live';
/** What every name counts for that the health service does not know: it would keep it, and echo it. */
const unknownName = 'of an unknown name';
/** Streams of a client that watch health or ask for descriptions, at a time: nothing else bounds them, as nobody need say who it is. */
const mostStreams = 16;

/**
 * Adds gRPC's health service and its reflection to a server of one service.
 *
 * @returns tells health whether the server takes work.
 */
export function addCommonServices(server: Server, name: string): (takesWork: boolean) => void {
  const health = new HealthImplementation({ '': 'SERVING', [name]: 'SERVING', [liveName]: 'SERVING' });
  const known: ReadonlySet<string> = new Set(['', name, liveName]);
  const rename = ({ request }: { request: { service: string } }): void => {
    if (!known.has(request.service)) request.service = unknownName;
  };
  const streams = new Map<string, number>();
  type Check = handleUnaryCall<{ service: string }, object>;
  type Watch = handleServerStreamingCall<{ service: string }, object>;
  type Ask = handleBidiStreamingCall<object, object>;
  health.addToServer(
    wrapping(server, (method, handler) => {
      if (method === 'check')
        return ((call, done) => {
          rename(call);
          (handler as Check)(call, done);
        }) satisfies Check;
      if (method !== 'watch') return handler;
      return ((call) => {
        rename(call);
        if (isOneOfFew(streams, call)) (handler as Watch)(call);
      }) satisfies Watch;
    }),
  );
  new ReflectionService(packageDefinition, { services: [name] }).addToServer(
    wrapping(
      server,
      (_, handler) =>
        ((call) => {
          if (!isOneOfFew(streams, call)) return;
          const write = call.write.bind(call) as (answer: object, done: () => void) => boolean;
          // The next request is read once an answer is on its way: they are larger than what asks for them.
          call.write = (answer: object) => {
            call.pause();
            return write(answer, () => call.resume());
          };
          (handler as Ask)(call);
        }) satisfies Ask,
    ),
  );
  return (takesWork) => {
    for (const each of ['', name]) health.setStatus(each, takesWork ? 'SERVING' : 'NOT_SERVING');
  };
}

interface StreamCall extends Peered {
  readonly cancelled: boolean;
  once(event: 'cancelled' | 'finish', act: () => void): unknown;
  emit(event: 'error', error: Error): unknown;
}

/** Counts a stream for its client until it ends; refuses it where there are too many. */
function isOneOfFew(streams: Map<string, number>, call: StreamCall): boolean {
  const client = clientName(call);
  const count = streams.get(client) ?? 0;
  if (count >= mostStreams) {
    call.emit('error', toServiceError(tooMany(client)));
    return false;
  }
  streams.set(client, count + 1);
  let isOpen = true;
  const leave = (): void => {
    if (!isOpen) return;
    isOpen = false;
    const left = streams.get(client)! - 1;
    if (left === 0) streams.delete(client);
    else streams.set(client, left);
  };
  for (const end of ['cancelled', 'finish'] as const) call.once(end, leave);
  if (call.cancelled) leave();
  return true;
}

function tooMany(client: string): TributaryError {
  return new TributaryError('REPLICA_BUSY', {
    expected: `at most ${mostStreams} streams of ${client} that watch health or ask for descriptions`,
    came: 'more',
    remedy: 'End some, or ask for health by Check',
    metadata: { retry_delay_ms: '1000' },
  });
}

type Handler = (...call: never[]) => unknown;

/** A server whose handlers are wrapped as they are added. */
function wrapping(server: Server, wrap: (method: string, handler: Handler) => Handler): Server {
  const addService = (service: ServiceDefinition, handlers: UntypedServiceImplementation): void =>
    server.addService(
      service,
      Object.fromEntries(
        Object.entries(handlers).map(([method, handler]) => [method, wrap(method, handler as Handler)]),
      ) as UntypedServiceImplementation,
    );
  return { addService } as Server;
}
