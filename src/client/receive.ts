import { crc32 } from 'node:zlib';
import type { ClientReadableStream } from '@grpc/grpc-js';
import type { BatchHeader__Output } from '../../protos/generated/tributary/v1/BatchHeader.js';
import type { ReceivedPart } from '../contract/stream-messages.js';
import { TributaryError } from '../errors.js';
import type { Address } from '../run/address.js';
import type { Clock } from './clock.js';
import { noAnswer } from './failure.js';

/** No batch is larger, as no buffer of Node 20 is; a length beyond any memory would end an allocation, not the stream. */
const mostBytes = 2 ** 32;

/** The views of one group of a batch: uint8 or what was asked for, `shape` in the order of the axes. */
interface ReceivedViews {
  readonly shape: readonly number[];
  /** Row-major, no padding, little-endian: a part of the batch's `data`. */
  readonly data: Buffer;
}

/** A batch as it came, its CRC verified. */
export interface ReceivedBatch {
  readonly address: Address;
  readonly header: BatchHeader__Output;
  /** The tensor, or of several groups of views all of them: row-major, no padding, little-endian. */
  readonly data: Buffer;
  /** The tensors by the names of the groups of views; `image` where samples have one view. */
  readonly views: Readonly<Record<string, ReceivedViews>>;
  readonly crc32: number;
  /** The replica that sent it, as `host:port`. */
  readonly peer: string;
  /**
   * The seed for what the trainer draws itself, 32 bits: a function of the run's seed, epoch, step and rank.
   * @throws TributaryError INTERNAL where the replica is of a version that sends none.
   */
  readonly seed: number;
}

/**
 * Reads the batches of one stream of `peer`. Each message, be it one that says where the batch stands, must come within `patience` seconds
 * of the clock while this reads; a replica that hangs longer is left with NO_REPLICA. Leaving the loop cancels the stream.
 *
 * @throws CRC_MISMATCH for a header that is not what was sent, and a tensor that is not what its trailer says.
 */
export async function* receiveBatches(
  call: ClientReadableStream<ReceivedPart>,
  peer: string,
  patience: number,
  clock: Clock,
): AsyncGenerator<ReceivedBatch> {
  const messages = call[Symbol.asyncIterator]() as AsyncIterator<ReceivedPart>;
  let header: BatchHeader__Output | null = null;
  let data = Buffer.alloc(0);
  let received = 0;
  let sum = 0;
  try {
    for (;;) {
      const { value, done } = await within(patience, messages.next(), peer, clock);
      if (done) {
        if (header !== null) throw torn(header, 'the end of the stream');
        return;
      }
      // Before anything of it is believed, its size above all.
      if (value._headerCrc32 !== undefined && value.headerCrc32 !== value.cameCrc32) throw damagedHeader(peer);
      if (value.header) {
        header = value.header;
        // Replicas of 0.1 have the address in fields of its own alone.
        const { epoch, step, rank, worldSize } = header;
        header.address ??= { epoch, step, rank, worldSize };
        if (!(header.byteSize >= 0 && header.byteSize <= mostBytes)) throw damagedHeader(peer);
        data = Buffer.allocUnsafeSlow(header.byteSize);
        received = 0;
        sum = 0;
      } else if (value.chunk && header !== null) {
        const { offset, data: bytes } = value.chunk;
        if (offset !== received || offset + bytes.length > data.length) throw torn(header, `a chunk at byte ${offset}`);
        data.set(bytes, offset);
        received += bytes.length;
        sum = crc32(bytes, sum);
      } else if (value.trailer && header !== null) {
        if (received !== data.length || sum !== value.trailer.crc32)
          throw torn(header, `CRC-32 ${sum} of ${received} bytes`);
        yield receivedBatch(header, data, sum, peer);
        header = null;
      }
    }
  } finally {
    call.cancel();
  }
}

/** A whole batch, of its parts. */
function receivedBatch(header: BatchHeader__Output, data: Buffer, crc32: number, peer: string): ReceivedBatch {
  return {
    ...{ address: header.address!, header, data, views: viewsIn(header, data), crc32, peer },
    get seed(): number {
      if (header._seed !== undefined) return header.seed!;
      throw new TributaryError('INTERNAL', {
        expected: 'a header with the seed of its batch',
        came: `none, from ${peer}`,
        remedy: 'That replica is of an older version: bring all replicas to one that sends it, or derive your own',
      });
    },
  };
}

function viewsIn({ shape, views }: BatchHeader__Output, data: Buffer): Record<string, ReceivedViews> {
  if (views.length === 0) return { image: { shape, data } };
  const entries = views.map(({ name, shape, offset, byteSize }) => [
    name,
    { shape, data: data.subarray(offset, offset + byteSize) },
  ]);
  return Object.fromEntries(entries);
}

async function within<T>(patience: number, message: Promise<T>, peer: string, clock: Clock): Promise<T> {
  const silence = {
    expected: `a message from ${peer} within ${patience} s`,
    came: 'none',
    remedy: 'Check whether that replica hangs',
  };
  let stop = (): void => {};
  const hung = new Promise<never>((_, reject) => {
    stop = clock.after(patience, () => reject(noAnswer(peer, silence)));
  });
  message.catch(() => {});
  try {
    return await Promise.race([message, hung]);
  } finally {
    stop();
  }
}

function damagedHeader(peer: string): TributaryError {
  return new TributaryError('CRC_MISMATCH', {
    expected: `a header from ${peer} as its CRC-32 has it`,
    came: 'another one',
    remedy: 'Ask for the step again; if it persists, check the network and the memory of the machines between',
  });
}

function torn({ address, byteSize }: BatchHeader__Output, came: string): TributaryError {
  const { epoch, step } = address!;
  return new TributaryError('CRC_MISMATCH', {
    expected: `${byteSize} bytes of step ${step} as their trailer has them`,
    came,
    remedy: 'Ask for the step again; if it persists, check the network and the memory of the machines between',
    metadata: { epoch: String(epoch), step: String(step) },
  });
}
