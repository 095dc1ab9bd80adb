import { createInflate, inflateSync, type ZlibOptions } from 'node:zlib';

/** Streams of more than this are inflated in pieces: no call of zlib can be ended by a clock. */
const largeBytes = 32 * 1024 * 1024;
/** Bytes of a piece. */
const stretch = 1024 * 1024;

/** What a stream gave, and how much of the input it took. */
export interface Inflated {
  readonly data: Buffer;
  readonly used: number;
}

/**
 * Inflates a zlib stream that is sound to its end.
 *
 * @param length bytes that are awaited, for which there is room at once.
 * @param spare bytes that there may be beyond them.
 * @param check runs now and then, but for short streams.
 * @returns null for any other stream, and for one of more or fewer bytes.
 */
export function inflateSound(
  input: Buffer,
  length: number,
  spare: number,
  check: () => void,
): Inflated | null | Promise<Inflated | null> {
  if (length > largeBytes) return inflateInPieces(input, length, spare, check);
  try {
    const options: ZlibOptions = { chunkSize: Math.max(64, length + 1), maxOutputLength: length + spare, info: true };
    const { buffer, engine } = inflateSync(input, options) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return buffer.length < length ? null : { data: buffer.subarray(0, length), used: engine.bytesWritten };
  } catch {
    return null;
  }
}

/** As above, by threads beside this one. */
async function inflateInPieces(
  input: Buffer,
  length: number,
  spare: number,
  check: () => void,
): Promise<Inflated | null> {
  const inflate = createInflate({ chunkSize: stretch });
  const data = Buffer.allocUnsafeSlow(length);
  let count = 0;
  const pieces = inflate[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  inflate.end(input);
  try {
    for (;;) {
      check();
      const next = await pieces.next().catch(() => null);
      if (next === null) return null;
      if (next.done) return count < length ? null : { data, used: inflate.bytesWritten };
      if (count < length) next.value.copy(data, count, 0, length - count);
      count += next.value.length;
      if (count > length + spare) return null;
    }
  } finally {
    inflate.destroy();
  }
}
