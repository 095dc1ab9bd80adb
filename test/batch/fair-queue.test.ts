import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairQueue, type Flow } from '../../src/batch/fair-queue.js';

const forever = new AbortController().signal;

test('flows share a queue evenly, however much one has waiting', async () => {
  const queue = new FairQueue(1);
  const order: string[] = [];
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const [greedy, modest] = [queue.flow(), queue.flow()];
  const task = (name: string) => async (): Promise<void> => {
    await gate;
    order.push(name);
  };
  const tasks = [
    ...Array.from({ length: 100 }, () => queue.add(greedy, task('greedy'), forever)),
    ...Array.from({ length: 10 }, () => queue.add(modest, task('modest'), forever)),
  ];
  open();
  await Promise.all(tasks);
  // One of the greedy flow runs already when the other comes; from then on they take turns.
  assert.equal(order.slice(0, 21).filter((name) => name === 'modest').length, 10, order.slice(0, 30).join(' '));
});

test("a task of several samples takes as many of its flow's turns", async () => {
  const queue = new FairQueue(1);
  const order: string[] = [];
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const [four, one] = [queue.flow(), queue.flow()];
  const task = (name: string) => async (): Promise<void> => {
    await gate;
    order.push(name);
  };
  const tasks = [
    ...Array.from({ length: 10 }, () => queue.add(four, task('four'), forever, { cost: 4 })),
    ...Array.from({ length: 40 }, () => queue.add(one, task('one'), forever)),
  ];
  open();
  await Promise.all(tasks);
  const ones = order.slice(0, 25).filter((name) => name === 'one').length;
  assert.ok(ones >= 18 && ones <= 21, order.join(' '));
});

test('a flow that was idle gets its turn at once, and no more than its turn', async () => {
  const queue = new FairQueue(1);
  const order: string[] = [];
  const [busy, late] = [queue.flow(), queue.flow()];
  const task = (name: string) => async (): Promise<void> => {
    order.push(name);
  };
  await Promise.all(Array.from({ length: 50 }, () => queue.add(busy, task('busy'), forever)));
  order.length = 0;
  await Promise.all([
    ...Array.from({ length: 20 }, () => queue.add(busy, task('busy'), forever)),
    ...Array.from({ length: 20 }, () => queue.add(late, task('late'), forever)),
  ]);
  const first = order.slice(0, 20).filter((name) => name === 'late').length;
  assert.ok(first >= 8 && first <= 12, `${first} of the first 20: ${order.join(' ')}`);
});

test('what is called off while it waits never runs, and the others do', async () => {
  const queue = new FairQueue(1);
  const flow = queue.flow();
  const call = new AbortController();
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const ran: string[] = [];
  const holding = queue.add(flow, () => gate, forever);
  const doomed = queue.add(flow, async () => ran.push('doomed'), call.signal);
  const kept = queue.add(flow, async () => ran.push('kept'), forever);
  call.abort(new Error('called off'));
  await assert.rejects(doomed);
  open();
  await Promise.all([holding, kept]);
  assert.deepEqual(ran, ['kept']);
  assert.equal(queue.size + queue.pending, 0);
});

test('what is called off while it runs settles no sooner than it has ended, for until then it writes', async () => {
  const queue = new FairQueue(1);
  const call = new AbortController();
  const events: string[] = [];
  const running = queue.add(
    queue.flow(),
    async () => {
      call.abort(new Error('called off'));
      await new Promise(setImmediate);
      events.push('ended');
    },
    call.signal,
  );
  await running.catch(() => undefined).then(() => events.push('settled'));
  assert.deepEqual(events, ['ended', 'settled']);
});

test('what has had its turn and only goes on is before all that waits, and takes nothing of its flow', async () => {
  const queue = new FairQueue(1);
  const order: string[] = [];
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const flow = queue.flow();
  const task = (name: string) => async (): Promise<void> => {
    await gate;
    order.push(name);
  };
  const tasks = Array.from({ length: 4 }, (_, i) => queue.add(flow, task(`${i}`), forever));
  const { time } = flow;
  tasks.push(queue.add(flow, task('goes on'), forever, { cost: 0 }));
  assert.equal(flow.time, time);
  open();
  await Promise.all(tasks);
  assert.deepEqual(order, ['0', 'goes on', '1', '2', '3']);
});

test('clients share a queue evenly, however many flows each has, and flows share what their client has', async () => {
  const queue = new FairQueue(1);
  const order: string[] = [];
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const task = (name: string) => async (): Promise<void> => {
    await gate;
    order.push(name);
  };
  const crowd = Array.from({ length: 100 }, (_, i) => [`crowd ${i}`, queue.flow('crowd')] as const);
  const tasks = [...crowd, ...crowd].map(([name, flow]) => queue.add(flow, task(name), forever));
  for (const name of ['a', 'b'])
    for (let i = 0; i < 10; i++) tasks.push(queue.add(queue.flow(name), task(name), forever));
  open();
  await Promise.all(tasks);
  const first = order.slice(0, 31);
  for (const name of ['a', 'b']) assert.equal(first.filter((each) => each === name).length, 10, order.join(' '));
  assert.equal(
    new Set(order.slice(0, 120).filter((each) => each.startsWith('crowd'))).size,
    100,
    'each flow once first',
  );
});

test('a client that is alone has all of the queue, and of those that come later each its part', async () => {
  const queue = new FairQueue(2);
  const flow = queue.flow('alone');
  const ran: string[] = [];
  await Promise.all(
    Array.from({ length: 40 }, () => queue.add(flow, async () => ran.push('alone'), forever, { cost: 7 })),
  );
  assert.equal(ran.length, 40);
  ran.length = 0;
  const both = ['alone', 'late'].flatMap((name) =>
    Array.from({ length: 20 }, () => queue.add(queue.flow(name), async () => ran.push(name), forever, { cost: 7 })),
  );
  await Promise.all(both);
  const late = ran.slice(0, 20).filter((name) => name === 'late').length;
  assert.ok(late >= 9 && late <= 12, ran.join(' '));
});

test('the batches of several streams are made one after the other, and each stream has its turn', async () => {
  const queue = new FairQueue(1);
  const order: string[] = [];
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const streams = ['a', 'b', 'c'].map((name) => ({ name, flow: queue.flow('client') }));
  const tasks = streams.flatMap(({ name, flow }) =>
    [0, 1].flatMap((batch) => {
      const whole = queue.whole(flow, 4);
      return Array.from({ length: 4 }, () =>
        queue.add(
          whole,
          async () => {
            await gate;
            order.push(`${name}${batch}`);
          },
          forever,
        ),
      );
    }),
  );
  open();
  await Promise.all(tasks);
  const each = ['a0', 'b0', 'c0', 'a1', 'b1', 'c1'];
  assert.deepEqual(
    order,
    each.flatMap((batch) => Array(4).fill(batch)),
  );
});

test('clients of dear and of cheap tasks have equal parts, and one that comes later is not behind the others', async () => {
  const queue = new FairQueue(1);
  const order: string[] = [];
  const add = (name: string, count: number, cost: number): Promise<number>[] =>
    Array.from({ length: count }, () => queue.add(queue.flow(name), async () => order.push(name), forever, { cost }));
  await Promise.all([...add('dear', 20, 7), ...add('cheap', 140, 1)]);
  const cheap = order.slice(0, 80).filter((name) => name === 'cheap').length;
  assert.ok(cheap >= 66 && cheap <= 74, `${cheap} of the first 80: ${order.join(' ')}`);
  order.length = 0;
  const many = Array.from({ length: 10 }, (_, i) => add(`${i}`, 30, 1)).flat();
  await Promise.all(many.slice(0, 10).map((one) => one));
  const done = order.length;
  await Promise.all(add('late', 1, 1));
  assert.ok(order.length - done < 40, `it came after ${order.length - done} others`);
  await Promise.all(many);
});

test('what waits is not kept waiting by those who come anew, be they flows, batches of new streams or clients', async () => {
  const ways: Record<string, (queue: FairQueue) => (name: string) => Flow> = {
    flows: (queue) => () => queue.flow('client'),
    batches: (queue) => () => queue.whole(queue.flow('client'), 1),
    clients: (queue) => (name) => queue.flow(name),
  };
  for (const [way, flows] of Object.entries(ways)) {
    const queue = new FairQueue(1);
    const next = flows(queue);
    const order: string[] = [];
    const stream = queue.flow(way === 'clients' ? 'old' : 'client');
    const old = Array.from({ length: 10 }, () => (way === 'batches' ? queue.whole(stream, 1) : stream));
    const tasks: Promise<unknown>[] = old.map((flow) => queue.add(flow, async () => order.push('old'), forever));
    // As soon as one of them is done another comes, for ever: a trainer that opens its stream again.
    const anew = async (name: string): Promise<void> => {
      for (let i = 0; i < 100; i++) await queue.add(next(`${name}${i}`), async () => order.push('new'), forever);
    };
    tasks.push(anew('a'), anew('b'));
    await Promise.all(tasks);
    const last = order.lastIndexOf('old');
    assert.ok(last < 45, `${way}: the last of ten was done after ${last - 9} others`);
  }
});

test('tasks of a source that hangs leave their places to others, and are done when it answers', async (t) => {
  // What watches keeps no process from its end.
  const alive = setInterval(() => {}, 1000);
  t.after(() => clearInterval(alive));
  const queue = new FairQueue(2);
  const flow = queue.flow();
  let answer: () => void = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const hung = Array.from({ length: 6 }, () => queue.add(flow, () => answered, forever, { sources: ['hung'] }));
  const others = Array.from({ length: 20 }, () =>
    queue.add(queue.flow('other'), async () => {}, forever, { sources: ['other'] }),
  );
  await Promise.all(others);
  assert.ok(queue.idleSeconds < 2);
  // Two that had places, and the one that is tried.
  assert.deepEqual([queue.pending, queue.size], [3, 3]);
  answer();
  await Promise.all(hung);
  assert.deepEqual([queue.pending, queue.size, queue.idleSeconds], [0, 0, 0]);
});

test('what takes a part of a place leaves the rest of it to others', async () => {
  const queue = new FairQueue(2);
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const pendingOf = (name: string, part: number, count: number): Promise<void>[] =>
    Array.from({ length: count }, () => queue.add(queue.flow(name), () => gate, forever, { part }));
  const tasks = pendingOf('far', 1 / 8, 8);
  assert.equal(queue.pending, 8);
  tasks.push(...pendingOf('near', 1, 3));
  assert.deepEqual([queue.pending, queue.size], [9, 2]);
  tasks.push(...pendingOf('far', 1 / 8, 8));
  assert.deepEqual([queue.pending, queue.size], [9, 10]);
  open();
  await Promise.all(tasks);
  assert.deepEqual([queue.pending, queue.size], [0, 0]);
});
