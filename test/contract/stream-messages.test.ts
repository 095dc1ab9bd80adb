import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSync, type MethodDefinition, type ServiceDefinition } from '@grpc/proto-loader';
import { packageDefinition, protosFolder } from '../../src/contract/contract.js';
import type { ReceivedPart } from '../../src/contract/stream-messages.js';

const plain = loadSync('tributary/v1/loader_service.proto', {
  includeDirs: [protosFolder],
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
});
type Method = MethodDefinition<object, object, object, ReceivedPart>;
const methodOf = (definition: typeof plain) =>
  (definition['tributary.v1.LoaderService'] as ServiceDefinition).StreamBatches as Method;
const [reference, own] = [methodOf(plain), methodOf(packageDefinition)];

const samples = Array.from({ length: 40 }, (_, seed) => ({ source: 'coco', key: `${seed}.jpg`, seed }));
const headers = [{}, { run: 'r', step: 9, shape: [1, 2] }, { run: 'long', samples, byteSize: 2 ** 40 }];

test('a header comes with the CRC-32 of its bytes, and reads as it did', () => {
  for (const header of headers) {
    const bytes = own.responseSerialize({ header });
    const { cameCrc32, ...part } = own.responseDeserialize(bytes);
    assert.equal(part.headerCrc32, cameCrc32);
    const { headerCrc32, _headerCrc32, ...before } = reference.responseDeserialize(bytes);
    assert.deepEqual(before.header, part.header);
    assert.deepEqual(before, reference.responseDeserialize(reference.responseSerialize({ header })));
  }
});

test('a header of a replica that sends no CRC-32 has none', () => {
  for (const header of headers)
    assert.equal(own.responseDeserialize(reference.responseSerialize({ header }))._headerCrc32, undefined);
});

test('the other parts of a batch are encoded as they were', () => {
  for (const message of [{ trailer: { crc32: 7 } }, { progress: { step: 9 } }, { lent: { descriptor: 3 } }])
    assert.ok(own.responseSerialize(message).equals(reference.responseSerialize(message)));
});
