import { TributaryError } from '../errors.js';

/** The longest message that a client takes, in bytes: `grpc.max_receive_message_length` of `protos/client-behaviour.json`. */
export const messageLimit = 8 * 1024 * 1024;

/** The encoded length of strings, each with its tag and length, in bytes. */
export function textBytes(texts: Iterable<string | null | undefined>): number {
  let bytes = 0;
  for (const text of texts) if (text) bytes += Buffer.byteLength(text) + 6;
  return bytes;
}

/**
 * Refuses a message that clients could not take: they would only learn that it was too long, and ask again.
 * @param bytes about how long it is
 * @throws TributaryError TOO_MUCH_ASKED
 */
export function checkMessage(bytes: number, what: string, remedy: string): void {
  if (bytes <= messageLimit) return;
  throw new TributaryError('TOO_MUCH_ASKED', {
    expected: `${what} of ${messageLimit} bytes at most, which is the longest message`,
    came: `about ${bytes} bytes`,
    remedy,
    metadata: { bytes: String(bytes), limit: String(messageLimit) },
  });
}
