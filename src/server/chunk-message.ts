import type { MethodDefinition, PackageDefinition, ServiceDefinition } from '@grpc/proto-loader';
import type { StreamBatchesResponse } from '../../protos/generated/tributary/v1/StreamBatchesResponse.js';

const [chunkTag, offsetTag, dataTag] = [0x12, 0x08, 0x12];
// Room for three tags and three lengths before the data, and a multiple of 8.
const dataAt = 64;
let scratch = Buffer.alloc(0);

/**
 * The StreamBatchesResponse of one chunk in protobuf's encoding, byte for byte what protobufjs makes of it.
 *
 * @returns bytes that are good until the next call: grpc-js copies each message into its frame at once.
 */
export function encodeChunk(offset: number, data: Uint8Array): Buffer {
  if (scratch.length < dataAt + data.length) scratch = Buffer.allocUnsafeSlow(dataAt + data.length);
  // V8 copies out of shared memory by words where both sides are aligned alike, and otherwise by single bytes.
  scratch.set(data, dataAt);
  const at = prepend(offsetTag, offset, prepend(dataTag, data.length, dataAt));
  const end = dataAt + data.length;
  return scratch.subarray(prepend(chunkTag, end - at, at), end);
}

/** Writes a tag and a varint so that they end before `end`; yields where they start. */
function prepend(tag: number, value: number, end: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
  const start = end - length - 1;
  scratch[start] = tag;
  let rest = value;
  for (let at = start + 1; at < end; at++) {
    scratch[at] = (rest % 128) + (at + 1 < end ? 128 : 0);
    rest = Math.floor(rest / 128);
  }
  return start;
}

/** The contract with `encodeChunk` in the place of proto-loader's encoder for chunks, which copies them twice, byte by byte. */
export function withChunkEncoder(definition: PackageDefinition): PackageDefinition {
  const name = 'tributary.v1.LoaderService';
  const service = definition[name] as ServiceDefinition;
  const method = service.StreamBatches as MethodDefinition<object, StreamBatchesResponse>;
  const responseSerialize = (message: StreamBatchesResponse): Buffer => {
    const { chunk } = message;
    if (chunk?.data instanceof Uint8Array) return encodeChunk(Number(chunk.offset ?? 0), chunk.data);
    return method.responseSerialize(message);
  };
  return {
    ...definition,
    [name]: { ...service, StreamBatches: { ...method, responseSerialize } },
  } as PackageDefinition;
}
