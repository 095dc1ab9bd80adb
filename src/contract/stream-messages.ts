import { crc32 } from 'node:zlib';
import type { MethodDefinition, PackageDefinition, ServiceDefinition } from '@grpc/proto-loader';
import type {
  StreamBatchesResponse,
  StreamBatchesResponse__Output,
} from '../../protos/generated/tributary/v1/StreamBatchesResponse.js';
import { ChunkMessage } from './chunk-message.js';

const headerTag = 0x0a;
/** The tag of `header_crc32`: field 22, four bytes. */
const crcTag = [0xb5, 0x01];

/** A part of a batch as it came. */
export interface ReceivedPart extends StreamBatchesResponse__Output {
  /** CRC-32 of the header's bytes as they came; absent where the message does not begin with a header. */
  readonly cameCrc32?: number;
}

/**
 * The contract with encoders of its own for the parts of batches: `ChunkMessage` in the place of proto-loader's for chunks, which copies
 * them twice, byte by byte; headers with the CRC-32 of their bytes, which is written where they are encoded and taken where they
 * are decoded, so that it covers all between.
 */
export function withStreamMessages(definition: PackageDefinition): PackageDefinition {
  const name = 'tributary.v1.LoaderService';
  const service = definition[name] as ServiceDefinition;
  const method = service.StreamBatches as MethodDefinition<
    object,
    StreamBatchesResponse,
    object,
    StreamBatchesResponse__Output
  >;
  const responseSerialize = (message: StreamBatchesResponse): Buffer => {
    const { chunk, header } = message;
    // All that grpc-js uses of a Buffer.
    if (chunk?.data instanceof Uint8Array)
      return new ChunkMessage(Number(chunk.offset ?? 0), chunk.data) as unknown as Buffer;
    const bytes = method.responseSerialize(message);
    if (!header) return bytes;
    const sum = Buffer.alloc(4);
    sum.writeUInt32LE(crc32(bytes.subarray(headerAt(bytes)!.start)));
    return Buffer.concat([bytes, Buffer.from(crcTag), sum]);
  };
  const responseDeserialize = (bytes: Buffer): ReceivedPart => {
    const message = method.responseDeserialize(bytes);
    const header = headerAt(bytes);
    return header === null ? message : { ...message, cameCrc32: crc32(bytes.subarray(header.start, header.end)) };
  };
  return {
    ...definition,
    [name]: { ...service, StreamBatches: { ...method, responseSerialize, responseDeserialize } },
  } as PackageDefinition;
}

/** Where the header is in a message that begins with it. */
function headerAt(bytes: Buffer): { start: number; end: number } | null {
  if (bytes[0] !== headerTag) return null;
  let length = 0;
  let at = 1;
  for (let shift = 1; at < bytes.length && at <= 5; shift *= 128) {
    const byte = bytes[at++]!;
    length += (byte & 127) * shift;
    if (byte < 128) return { start: at, end: at + length };
  }
  return null;
}
