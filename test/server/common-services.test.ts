import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentials, makeClientConstructor, type ServiceError, status } from '@grpc/grpc-js';
import { service as definition } from 'grpc-health-check';
import { serving, smallReplica } from './small-replica.js';

const Health = makeClientConstructor(definition, 'Health');

test('the health service keeps and echoes no name that it does not know', async (t) => {
  const client = new Health(await serving(t, await smallReplica(t)), credentials.createInsecure());
  t.after(() => client.close());
  const check = (service: string) =>
    new Promise<ServiceError>((resolve, reject) =>
      client.check!({ service }, (error: ServiceError | null) =>
        error === null ? reject(new Error('it is known')) : resolve(error),
      ),
    );
  const { code, details } = await check('n'.repeat(100_000));
  assert.deepEqual([code, details], [status.NOT_FOUND, 'Health status unknown for service of an unknown name']);
  const watched = client.watch!({ service: 'w'.repeat(100_000) }).on('error', () => {});
  const [{ status: said }] = await new Promise<[{ status: string }]>((resolve) =>
    watched.once('data', (answer: { status: string }) => resolve([answer])),
  );
  assert.equal(said, 'SERVICE_UNKNOWN');
});

test('a client has few streams of the services that ask nobody who they are, and gets another when one ends', async (t) => {
  const client = new Health(await serving(t, await smallReplica(t)), credentials.createInsecure());
  t.after(() => client.close());
  const watch = () => client.watch!({ service: '' }).on('error', () => {});
  const said = (call: ReturnType<typeof watch>) =>
    new Promise<string>((resolve) =>
      call
        .once('data', (answer: { status: string }) => resolve(answer.status))
        .once('error', ({ code }: ServiceError) => resolve(status[code]!)),
    );
  const calls = Array.from({ length: 16 }, watch);
  for (const call of calls) assert.equal(await said(call), 'SERVING');
  assert.equal(await said(watch()), 'RESOURCE_EXHAUSTED');
  calls[0]!.cancel();
  let answer = '';
  while (answer !== 'SERVING') answer = await said(watch());
});
