import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awayCalls } from '../../../../src/sources/storage/local/calls.js';
import { isNear, patientCalls } from '../../../../src/sources/storage/local/patient-calls.js';
import { StorageFault } from '../../../../src/sources/storage/storage.js';

const here = (): never => assert.fail('called on the calling thread');

test('calls that hang are left to themselves, hold four places and no more, and are undone when they return', async () => {
  const call = patientCalls('/far', 40);
  const returns: (() => void)[] = [];
  const undone: string[] = [];
  const hung = Array.from({ length: 5 }, (_, number) =>
    call(
      here,
      () => new Promise<string>((resolve) => returns.push(() => resolve(`call ${number}`))),
      (late) => undone.push(late),
    ),
  );
  for (const each of hung)
    await assert.rejects(
      async () => each,
      (error) => error instanceof StorageFault && error.code === 'ETIMEDOUT' && error.remedy !== null && error.mayPass,
    );
  assert.equal(returns.length, 4);
  for (const back of returns) back();
  assert.equal(await call(here, async () => 'answered'), 'answered');
  assert.deepEqual(undone.sort(), ['call 0', 'call 1', 'call 2', 'call 3']);
});

test('what a call rejects with comes through', async () => {
  await assert.rejects(async () => patientCalls('/far')(here, async () => assert.fail('EIO')), /EIO/);
});

test('a folder of this machine is near, and one that the kernel makes up is not', async () => {
  assert.deepEqual([await isNear('/dev/shm', awayCalls), await isNear('/proc', awayCalls)], [true, false]);
});
