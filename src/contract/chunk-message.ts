const [chunkTag, offsetTag, dataTag] = [0x12, 0x08, 0x12];
/** Bytes that gRPC puts before a message in its frame. */
const framePrefix = 5;
const longestVarint = 10;

/**
 * The StreamBatchesResponse of one chunk in protobuf's encoding, which is written no earlier than grpc-js copies the message
 * into its frame: so the batch's bytes are copied once. V8 copies out of shared memory by words where both sides are aligned
 * alike, and otherwise by single bytes; the offset is written in as many bytes as align the data in the frame. A reader of
 * protobuf takes a varint of up to ten bytes.
 *
 * Source: @grpc/grpc-js src/server-interceptors.ts, `serializeMessage`, which uses `byteLength` and `copy` alone.
 */
export class ChunkMessage {
  readonly byteLength: number;
  readonly #offset: number;
  readonly #data: Uint8Array;
  readonly #offsetBytes: number;
  readonly #chunkBytes: number;

  constructor(offset: number, data: Uint8Array) {
    this.#offset = offset;
    this.#data = data;
    const least = varintBytes(offset);
    this.#offsetBytes = least;
    const dataHead = 1 + varintBytes(data.length);
    for (let padded = least; padded <= longestVarint; padded++) {
      const chunkBytes = 1 + padded + dataHead + data.length;
      const dataAt = framePrefix + 1 + varintBytes(chunkBytes) + 1 + padded + dataHead;
      if ((dataAt - data.byteOffset) % 8 !== 0) continue;
      this.#offsetBytes = padded;
      break;
    }
    this.#chunkBytes = 1 + this.#offsetBytes + dataHead + data.length;
    this.byteLength = 1 + varintBytes(this.#chunkBytes) + this.#chunkBytes;
  }

  /** Writes the message into `target` from `start` on. */
  copy(target: Uint8Array, start: number): number {
    const data = this.#data;
    let at = start;
    target[at++] = chunkTag;
    at = writeVarint(target, at, this.#chunkBytes, varintBytes(this.#chunkBytes));
    target[at++] = offsetTag;
    at = writeVarint(target, at, this.#offset, this.#offsetBytes);
    target[at++] = dataTag;
    at = writeVarint(target, at, data.length, varintBytes(data.length));
    target.set(data, at);
    return this.byteLength;
  }
}

function varintBytes(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Writes `value` in `length` bytes, at least as many as it needs; yields where the next byte goes. */
function writeVarint(target: Uint8Array, at: number, value: number, length: number): number {
  let rest = value;
  for (let i = 1; i < length; i++) {
    target[at++] = (rest % 128) + 128;
    rest = Math.floor(rest / 128);
  }
  target[at++] = rest;
  return at;
}
