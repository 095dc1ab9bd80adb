/** What goes between a process and its child: something small as JSON, and bytes. */
export interface Frame<Head> {
  readonly head: Head;
  readonly body: Buffer;
}

/** Two lengths, 32 bits each: of the head and of the body. */
const lengthBytes = 8;

/** What stands before a frame's body. */
export function frameStart(head: unknown, bodyBytes: number): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const lengths = Buffer.alloc(lengthBytes);
  lengths.writeUInt32LE(text.length, 0);
  lengths.writeUInt32LE(bodyBytes, 4);
  return Buffer.concat([lengths, text]);
}

/**
 * Puts frames together again. A body's bytes are copied once, to where they stay.
 *
 * @param memory gives the memory of a body.
 * @returns what takes the next bytes.
 */
export function frameReader<Head>(
  memory: (bytes: number) => Buffer,
  take: (frame: Frame<Head>) => void,
): (bytes: Buffer) => void {
  let start = Buffer.alloc(0);
  let open: (Frame<Head> & { filled: number }) | null = null;
  return (bytes) => {
    let at = 0;
    while (at < bytes.length) {
      if (open === null) {
        // A head may come in pieces; it is short.
        start = Buffer.concat([start, bytes.subarray(at)]);
        const end = start.length < lengthBytes ? Number.POSITIVE_INFINITY : lengthBytes + start.readUInt32LE(0);
        if (start.length < end) return;
        open = {
          head: JSON.parse(start.toString('utf8', lengthBytes, end)) as Head,
          body: memory(start.readUInt32LE(4)),
          filled: 0,
        };
        at = bytes.length - (start.length - end);
        start = Buffer.alloc(0);
      }
      const count = Math.min(open.body.length - open.filled, bytes.length - at);
      bytes.copy(open.body, open.filled, at, at + count);
      open.filled += count;
      at += count;
      if (open.filled < open.body.length) continue;
      const { head, body } = open;
      open = null;
      take({ head, body });
    }
  };
}
