import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSync, type MethodDefinition, type ServiceDefinition } from '@grpc/proto-loader';
import fc from 'fast-check';
import { encodeChunk } from '../../src/server/chunk-message.js';
import { packageDefinition, protosFolder } from '../../src/server/contract.js';

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

test('a chunk has the bytes that protobufjs gives it', () => {
  const edges = [0, 1, 127, 128, 16_383, 16_384, 2 ** 20, 2 ** 21];
  const offsets = fc.oneof(fc.constantFrom(...edges, 2 ** 32, 2 ** 40 + 3), fc.nat());
  const lengths = fc.oneof(fc.constantFrom(...edges), fc.nat({ max: 40_000 }));
  fc.assert(
    fc.property(offsets, lengths, fc.nat({ max: 9 }), (offset, length, start) => {
      const data = shared(length, start);
      const expected = reference.responseSerialize({ chunk: { offset, data: Buffer.from(data) } });
      assert.ok(encodeChunk(offset, data).equals(expected), `${length} bytes at ${offset}`);
      assert.ok(own.responseSerialize({ chunk: { offset, data } }).equals(expected));
    }),
  );
});

test('the parts of a batch that are no chunks are encoded as they were', () => {
  for (const message of [{ trailer: { crc32: 7 } }, { header: { run: 'r', step: 9, shape: [1, 2], samples: [] } }])
    assert.ok(own.responseSerialize(message).equals(reference.responseSerialize(message)));
});
