import { lookup } from 'node:dns/promises';
import { type ChannelCredentials, type ChannelOptions, credentials as grpcCredentials } from '@grpc/grpc-js';
import { TributaryError } from '../errors.js';
import { Balance, balancing } from './balance.js';

/** Where replicas are, and how to reach them. */
export interface ConnectOptions {
  /** `host:port`, several with commas between, or a target of gRPC's own (`dns:///loader:50051`). */
  readonly address: string;
  readonly credentials?: ChannelCredentials;
}

const channelOptions: ChannelOptions = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.max_receive_message_length': 5 << 20,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 2_000,
  'grpc.dns_min_time_between_resolutions_ms': 1_000,
  'grpc.enable_channelz': 0,
  // Every loader of this process has connections of its own, so that closing one closes only its own.
  'grpc.use_local_subchannel_pool': 1,
  'grpc-node.flow_control_window': 8 << 20,
};

/**
 * The arguments of a client's constructor. Each call goes to the address with the fewest, of all that the name resolves to; those
 * that are to be avoided come last. NO_REPLICA where a host of a list has no address.
 */
export async function channelTo(
  { address, credentials }: ConnectOptions,
  balance: Balance = new Balance(),
): Promise<[string, ChannelCredentials, ChannelOptions]> {
  return [
    await target(address),
    credentials ?? grpcCredentials.createInsecure(),
    { ...channelOptions, ...balancing(balance) },
  ];
}

async function target(address: string): Promise<string> {
  if (/^[a-z0-9+.-]+:\/{2,3}/.test(address) || /^(ipv4|ipv6|unix):/.test(address)) return address;
  const places = address.split(',').map((place) => place.trim());
  for (const place of places)
    if (!/^.+:\d{1,5}$/.test(place))
      throw new TributaryError('ARGUMENT_INVALID', {
        expected: 'an address host:port, or several with commas between',
        came: `"${place}"`,
        remedy: 'Name the port as well, as in loader:50051',
        metadata: { address: place },
      });
  if (places.length === 1) return `dns:///${places[0]}`;
  const resolved = await Promise.all(places.map(resolve));
  return `ipv4:${resolved.join(',')}`;
}

async function resolve(place: string): Promise<string> {
  const colon = place.lastIndexOf(':');
  try {
    const { address } = await lookup(place.slice(0, colon), { family: 4 });
    return `${address}${place.slice(colon)}`;
  } catch (error) {
    throw new TributaryError('NO_REPLICA', {
      expected: `the host of ${place} to have an address`,
      came: (error as Error).message,
      remedy: 'Correct the name, or check the name service',
      metadata: { address: place },
      cause: error,
    });
  }
}
