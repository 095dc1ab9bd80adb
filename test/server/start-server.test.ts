import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { checkHealth } from '../../src/client/ask-health.js';
import { contract } from '../../src/contract/contract.js';
import { indexedSamples, sevenRun, startServer, temporaryFolder } from '../fleet.js';

const reflection = `syntax = "proto3"; package grpc.reflection.v1;
service ServerReflection { rpc ServerReflectionInfo(stream ServerReflectionRequest) returns (stream ServerReflectionResponse); }
message ServerReflectionRequest { oneof message_request { string list_services = 7; string file_containing_symbol = 4; } }
message ServerReflectionResponse { oneof message_response { FileDescriptorResponse file_descriptor_response = 4; ListServiceResponse list_services_response = 6; } }
message FileDescriptorResponse { repeated bytes file_descriptor_proto = 1; }
message ListServiceResponse { repeated ServiceResponse service = 1; }
message ServiceResponse { string name = 1; }`;

function http(port: number | null, path: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    get(`http://127.0.0.1:${port}${path}`, { agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      response.once('end', () => resolve({ status: response.statusCode, body }));
    }).once('error', reject);
  });
}

test('a replica tells its health, its services and its readiness, and goes on living while it drains', async (t) => {
  const config = await indexedSamples(t, { large: sevenRun({ image_size: 518, global_batch: 16 }) });
  const server = await startServer(t, 'serve', ['--config', config, '--metrics-listen', '127.0.0.1:0']);
  for (const service of ['', 'tributary.v1.LoaderService', 'live'])
    assert.equal(await checkHealth(server.address, service, { patience: 60 }), 'SERVING', service);
  await assert.rejects(checkHealth(server.address, 'tributary.v1.NoSuchService'));
  assert.deepEqual(await http(server.metricsPort, '/readyz'), { status: 200, body: 'ready\n' });
  assert.equal((await http(server.metricsPort, '/healthz')).status, 200);
  assert.match((await http(server.metricsPort, '/metrics')).body, /^tributary_streams_active 0$/m);

  // A stream that is not read keeps the drain waiting, and so the replica's answers can be seen meanwhile.
  const client = new contract.tributary.v1.LoaderService(server.address, credentials.createInsecure());
  t.after(() => client.close());
  const call = client.streamBatches({ run: { name: 'large' } });
  const ended = new Promise<Error & { details?: string }>((resolve) => call.once('error', resolve));
  await new Promise<void>((resolve) =>
    call.once('data', () => {
      call.pause();
      resolve();
    }),
  );
  const stopped = server.stop('SIGTERM');
  while ((await http(server.metricsPort, '/readyz')).status !== 503);
  call.resume();
  assert.match((await ended).details ?? '', /shutting down.*Ask another replica/);
  assert.equal(await stopped, 0);
});

test('reflection lists the service and gives its descriptor', async (t) => {
  const config = await indexedSamples(t);
  const server = await startServer(t, 'serve', ['--config', config]);
  const proto = join(await temporaryFolder(t), 'reflection.proto');
  await writeFile(proto, reflection);
  const { grpc } = loadPackageDefinition(loadSync(proto)) as never as {
    grpc: { reflection: { v1: { ServerReflection: new (address: string, creds: unknown) => ReflectionClient } } };
  };
  interface ReflectionClient {
    ServerReflectionInfo(): NodeJS.ReadWriteStream & { end(): void };
    close(): void;
  }
  const client = new grpc.reflection.v1.ServerReflection(server.address, credentials.createInsecure());
  t.after(() => client.close());
  const call = client.ServerReflectionInfo();
  const answers = call[Symbol.asyncIterator]() as AsyncIterator<Record<string, never>>;
  call.write({ listServices: '' } as never);
  const { value } = await answers.next();
  const names = (value.listServicesResponse as { service: { name: string }[] }).service.map(({ name }) => name);
  assert.deepEqual(names, ['tributary.v1.LoaderService']);
  call.write({ fileContainingSymbol: 'tributary.v1.LoaderService' } as never);
  const files = ((await answers.next()).value.fileDescriptorResponse as { fileDescriptorProto: Buffer[] })
    .fileDescriptorProto;
  assert.ok(files.some((file) => file.includes('StreamBatches')));
  call.end();
});
