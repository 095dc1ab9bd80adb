import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSync, type MethodDefinition, type ServiceDefinition } from '@grpc/proto-loader';
import fc from 'fast-check';
import { ChunkMessage } from '../../src/contract/chunk-message.js';
import { packageDefinition, protosFolder } from '../../src/contract/contract.js';

type Method = MethodDefinition<object, object>;
const plain = loadSync('tributary/v1/loader_service.proto', {
  includeDirs: [protosFolder],
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
});
const reference = (plain['tributary.v1.LoaderService'] as ServiceDefinition).StreamBatches as Method;
const own = (packageDefinition['tributary.v1.LoaderService'] as ServiceDefinition).StreamBatches as Method;

/** Bytes in shared memory, as a batch's are, starting anywhere in it. */
function shared(length: number, start: number): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(start + length), start);
  for (let i = 0; i < length; i++) bytes[i] = Math.imul(i + 1, 2654435761) >>> 24;
  return bytes;
}

/** What grpc-js's `serializeMessage` does to a message; a frame has it after five bytes. */
function frame(message: Pick<ChunkMessage, 'byteLength' | 'copy'>): Buffer {
  const output = Buffer.allocUnsafeSlow(message.byteLength + 5);
  assert.equal(message.copy(output, 5), message.byteLength);
  return output;
}

test('a chunk reads as what protobufjs makes of it', () => {
  const edges = [0, 1, 127, 128, 16_383, 16_384, 2 ** 20, 2 ** 21];
  const offsets = fc.oneof(fc.constantFrom(...edges, 2 ** 32, 2 ** 40 + 3), fc.nat());
  const lengths = fc.oneof(fc.constantFrom(...edges), fc.nat({ max: 40_000 }));
  fc.assert(
    fc.property(offsets, lengths, fc.nat({ max: 9 }), (offset, length, start) => {
      const data = shared(length, start);
      const expected = reference.responseSerialize({ chunk: { offset, data: Buffer.from(data) } });
      const message = own.responseSerialize({ chunk: { offset, data } });
      const read = reference.responseDeserialize(frame(message).subarray(5));
      assert.deepEqual(read, reference.responseDeserialize(expected), `${length} bytes at ${offset}`);
      assert.ok(message.byteLength <= expected.length + 7);
    }),
  );
});

test('the chunks of a batch lie in their frames as they do in the batch', () => {
  for (const mebibytes of [0.25, 1, 2])
    for (let at = 0; at < 64; at++) {
      const data = shared(mebibytes * 2 ** 20, 0);
      const framed = frame(new ChunkMessage(at * data.length, data));
      assert.equal((framed.length - data.length) % 8, 0, `chunk ${at} of ${mebibytes} MiB`);
    }
});
