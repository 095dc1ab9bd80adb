import type { ServerUnaryCall } from '@grpc/grpc-js';

/** What tells of a call who makes it. */
type Peered = Pick<ServerUnaryCall<unknown, unknown>, 'getPeer' | 'getAuthContext'>;

/**
 * Whom a call counts for: the name in the client's certificate where it has shown one, else the address that it comes from. All that
 * share an address are one client.
 */
export function clientName(call: Peered): string {
  const subject = call.getAuthContext().sslPeerCertificate?.subject?.CN;
  const name = Array.isArray(subject) ? subject.join(',') : subject;
  if (name !== undefined && name !== '') return `name ${name}`;
  return addressOf(call.getPeer());
}

/** An address as it counts: without its port, and of IPv6 the network of 64 bits that one host is given. */
function addressOf(peer: string): string {
  const address = peer
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:(?=\d+\.)/i, '');
  const groups = address.split('%', 1)[0]!.split(':');
  if (groups.length <= 2) return address;
  const [head = '', tail = ''] = address.split('%', 1)[0]!.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const missing = address.includes('::') ? Math.max(0, 8 - before.length - after.length) : 0;
  return [...before, ...Array<string>(missing).fill('0'), ...after].slice(0, 4).join(':').concat('::/64');
}
