import assert from 'node:assert/strict';
import { test } from 'node:test';
import { costOfBytes, Gate } from '../../src/server/gate.js';

/** A client who may do everything. */
const somebody = (client: string) => ({ client, runs: null, inlineRuns: true });
const stays = new AbortController().signal;

test('who has one call is let in before the hundredth of another', async () => {
  const gate = new Gate();
  const order: string[] = [];
  const enter = async (client: string): Promise<void> => {
    await gate.enter(somebody(client), stays);
    order.push(client);
  };
  let open: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    open = resolve;
  });
  const holding = gate.turn(await gate.enter(somebody('holder'), stays), () => held, 1);
  const entering = [...Array.from({ length: 100 }, () => enter('crowd')), enter('one')];
  await new Promise((resolve) => setTimeout(resolve, 0));
  await new Promise(setImmediate);
  open();
  await Promise.all([holding, ...entering]);
  assert.ok(order.indexOf('one') < 5, order.slice(0, 10).join(' '));
});

test('a call that is reset at once is not let in', async () => {
  const gone = new AbortController();
  const entering = new Gate().enter(somebody('somebody'), gone.signal);
  gone.abort(new Error('gone'));
  await assert.rejects(entering, /gone/);
});

test('work of the main thread is done in turns by its cost, and the event loop turns between', async () => {
  const gate = new Gate();
  const [greedy, modest] = [await gate.enter(somebody('greedy'), stays), await gate.enter(somebody('modest'), stays)];
  const order: string[] = [];
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const busy = async (name: string): Promise<void> => {
    const end = performance.now() + 5;
    while (performance.now() < end);
    order.push(name);
  };
  await Promise.all([
    ...Array.from({ length: 20 }, () => gate.turn(greedy, () => busy('greedy'), 5)),
    ...Array.from({ length: 5 }, () => gate.turn(modest, () => busy('modest'), 5)),
  ]);
  clearInterval(timer);
  assert.equal(order.slice(0, 11).filter((name) => name === 'modest').length, 5, order.join(' '));
  assert.ok(turns >= 5, `${turns} turns`);
});

test('a message costs what it has, and never nothing', () => {
  assert.ok(costOfBytes(0) > 0);
  assert.equal(costOfBytes(4 << 20), 4 * costOfBytes(1 << 20));
});
