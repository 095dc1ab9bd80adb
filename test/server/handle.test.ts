import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { credentials, Server, ServerCredentials, type ServiceError, status } from '@grpc/grpc-js';
import { pino } from 'pino';
import type { DescribeRunResponse__Output } from '../../protos/generated/tributary/v1/DescribeRunResponse.js';
import type { LoaderServiceHandlers } from '../../protos/generated/tributary/v1/LoaderService.js';
import type { PlanBatchesResponse__Output } from '../../protos/generated/tributary/v1/PlanBatchesResponse.js';
import { contract } from '../../src/contract/contract.js';
import { fromServiceError } from '../../src/contract/error-details.js';
import { TributaryError } from '../../src/errors.js';
import { Gate } from '../../src/server/gate.js';
import { handleStream, handleUnary } from '../../src/server/handle.js';
import { Metrics } from '../../src/server/metrics.js';

const { LoaderService } = contract.tributary.v1;
const refusal = new TributaryError('UNKNOWN_RUN', { expected: 'a run', came: 'none', remedy: 'Name one' });

test('a call is answered or fails with its status, and is counted, timed and logged either way', async (t) => {
  const [metrics, gate] = [new Metrics(), new Gate()];
  const lines: { level: number; method: string; code: string }[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const server = new Server();
  server.addService(LoaderService.service, {
    DescribeRun: handleUnary<{ run: { name?: string } | null }, object>({ log, metrics, gate }, async ({ run }) => {
      if (run?.name === 'fault') throw new TypeError('a fault');
      if (run?.name === 'none') throw refusal;
      return { name: run?.name };
    }),
    PlanBatches: handleStream<{ epoch: number }, object>({ log, metrics, gate }, async ({ epoch }, { send }) => {
      await send({ step: 7 });
      if (epoch === 1) throw refusal;
      // A client that has gone is no failure, and nothing more is sent to it.
      while (epoch === 2) await send({ step: 7 });
    }),
    StreamBatches: handleStream({ log, metrics, gate }, async () => {}),
  } as unknown as LoaderServiceHandlers & Record<string, never>);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  const client = new LoaderService(`127.0.0.1:${port}`, credentials.createInsecure());
  t.after(() => {
    client.close();
    server.forceShutdown();
  });
  const describe = (name: string) =>
    new Promise<DescribeRunResponse__Output>((resolve, reject) =>
      client.describeRun({ run: { name } }, (error, answer) => (error === null ? resolve(answer!) : reject(error))),
    );
  const plan = async (epoch: number) => {
    const steps: number[] = [];
    for await (const { step } of client.planBatches({ epoch }) as AsyncIterable<PlanBatchesResponse__Output>)
      steps.push(step);
    return steps;
  };
  const failure = (reason: string, code: status) => (error: ServiceError) =>
    error.code === code && fromServiceError(error)?.reason === reason;

  assert.equal((await describe('seven')).name, 'seven');
  await assert.rejects(describe('none'), failure('UNKNOWN_RUN', status.NOT_FOUND));
  await assert.rejects(describe('fault'), failure('INTERNAL', status.INTERNAL));
  assert.deepEqual(await plan(0), [7]);
  await assert.rejects(plan(1), failure('UNKNOWN_RUN', status.NOT_FOUND));
  const leaving = client.planBatches({ epoch: 2 }).on('error', () => {});
  leaving.once('data', () => leaving.cancel());
  while (lines.length < 6) await setImmediate();

  assert.deepEqual(
    lines.map(({ level, method, code }) => [pino.levels.labels[level], method, code]),
    [
      ['debug', 'DescribeRun', 'OK'],
      ['warn', 'DescribeRun', 'NOT_FOUND'],
      ['error', 'DescribeRun', 'INTERNAL'],
      ['debug', 'PlanBatches', 'OK'],
      ['warn', 'PlanBatches', 'NOT_FOUND'],
      ['debug', 'PlanBatches', 'CANCELLED'],
    ],
  );
  const { values } = await metrics.handled.get();
  assert.deepEqual(
    values.map(({ labels, value }) => [labels.grpc_service, labels.grpc_method, labels.grpc_code, value]),
    lines.map(({ method, code }) => ['tributary.v1.LoaderService', method, code, 1]),
  );
  const timed = (await metrics.handling.get()).values.filter(({ metricName }) => metricName?.endsWith('_count'));
  assert.deepEqual(
    timed.map(({ labels, value }) => [labels.grpc_method, value]),
    [
      ['DescribeRun', 3],
      ['PlanBatches', 3],
    ],
  );
});
