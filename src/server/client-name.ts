import type { ServerUnaryCall } from '@grpc/grpc-js';
import ipaddr from 'ipaddr.js';

/** What tells of a call who makes it. */
export type Peered = Pick<ServerUnaryCall<unknown, unknown>, 'getPeer' | 'getAuthContext'>;

/**
 * Whom a call counts for: the name in the client's certificate where it has shown one, else the address that it comes from. All that
 * share an address are one client.
 */
export function clientName(call: Peered): string {
  const name = certifiedName(call);
  return name === null ? addressOf(call.getPeer()) : `name ${name}`;
}

/** The name in the certificate that a client has shown; null where it has shown none. */
export function certifiedName(call: Pick<Peered, 'getAuthContext'>): string | null {
  const subject = call.getAuthContext().sslPeerCertificate?.subject?.CN;
  const name = Array.isArray(subject) ? subject.join(',') : subject;
  return name === undefined || name === '' ? null : name;
}

/** A peer's address as it counts, without its port. */
function addressOf(peer: string): string {
  return networkOf(peer.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
}

/** An address as it counts: of IPv6 the network of 64 bits that one host is given. */
export function networkOf(text: string): string {
  if (!ipaddr.isValid(text)) return text;
  const address = ipaddr.process(text);
  if (address instanceof ipaddr.IPv4) return address.toString();
  const network = address.parts.slice(0, 4).map((part) => part.toString(16));
  return `${network.join(':')}::/64`;
}
