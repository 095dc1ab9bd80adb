import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Clock } from '../../src/client/clock.js';
import { serving, servingSchedule, smallReplica } from '../server/small-replica.js';
import { Gate } from './gate.js';

const main = join(fileURLToPath(new URL('../../../', import.meta.url)), 'dist/src/cli/main.cjs');

function reading(...times: number[]): Clock {
  return new Clock(() => times.shift()!);
}

test('a long gap counts as one tick', () => {
  const clock = reading(100_000, 100_500, 101_000, 150_000, 150_500, 151_400);
  assert.deepEqual(
    [1, 2, 3, 4, 5].map(() => clock.now()),
    [500, 1_000, 1_100, 1_600, 2_500],
  );
});

test('after a long gap there is time to ask afresh', () => {
  const clock = reading(0, 900, 1_800, 9_000, 9_500, 9_900, 10_300);
  const found = [1, 2, 3, 4, 5, 6].map(() => clock.waited(0, 1.5, 1));
  assert.deepEqual(found, [false, true, false, false, false, true]);
});

test('what is to be done after a time is done once, unless it is called off', async () => {
  const clock = new Clock();
  const done: string[] = [];
  clock.after(0.2, () => done.push('called off'))();
  clock.after(0.1, () => done.push('done'));
  // A clock alone keeps no process.
  const stays = setInterval(() => {}, 1_000);
  await new Promise<void>((resolve) => clock.after(0.5, resolve));
  clearInterval(stays);
  assert.deepEqual(done, ['done']);
});

test('batches that are left half read keep no process', async (t) => {
  const address = await serving(t, await smallReplica(t));
  const url = new URL('../../src/client/loader.js', import.meta.url).href;
  const program = `const { Loader } = await import(${JSON.stringify(url)});
    const loader = await Loader.connect({ address: ${JSON.stringify(address)}, run: { name: 'small' } });
    await loader.batches(0).next();
    loader.close();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const ended = await Promise.race([
    once(child, 'close').then(([code]) => code),
    setTimeout(20_000, 'still there', { ref: false }),
  ]);
  assert.equal(ended, 0);
});

test('a trainer that is suspended for longer than its patience goes on, before its first batch and between two', async (t) => {
  const replica = await smallReplica(t, { image_size: 224 });
  const gate = await Gate.to(t, await serving(t, replica));
  const patience = ['--patience', '2', '--batches', '--epochs', '1'];
  const places = ['--address', gate.address, '--schedule', await servingSchedule(t, replica), '--run', 'small'];
  const first = gate.refused();
  const child = spawn(process.execPath, [main, 'train', ...places, ...patience], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const closed = once(child, 'close');
  let said = '';
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  // What waits for a trainer that has died would wait for ever.
  const unless = <T>(event: Promise<T>) => Promise.race([event, closed.then(() => Promise.reject(new Error(said)))]);
  const suspend = async (refused: Promise<void>): Promise<void> => {
    await unless(refused);
    child.kill('SIGSTOP');
    await setTimeout(4_000);
    const again = gate.refused();
    child.kill('SIGCONT');
    await unless(again);
  };
  await suspend(first);
  // Two batches and some of the third, and then the connection breaks.
  const second = gate.refused();
  gate.open(800_000);
  await suspend(second);
  gate.open(Number.POSITIVE_INFINITY);
  const [code] = await closed;
  assert.deepEqual([code, printed.match(/^0000-0000000\d-r0of1/gm)?.length], [0, 7], said);
});
