import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mostWaiting, type Waiting, WaitingLine } from '../../src/batch/waiting-line.js';

const waiting = (asked: string, refuse = (): void => {}): Waiting => ({ bytes: 1, asked, grant: () => {}, refuse });

test('who was refused and asks again has the place that it had, for ten seconds', () => {
  let now = 0;
  const line = new WaitingLine(() => now);
  const early = waiting('early');
  line.enter(early);
  now = 1_000;
  line.enter(waiting('late'));
  line.leave(early);
  assert.equal(line.first?.asked, 'late');
  now = 10_999;
  line.enter(waiting('early'));
  assert.equal(line.first?.asked, 'early', 'asked again in time');
  line.leave(line.first!);
  now = 21_000;
  line.enter(waiting('early'));
  assert.equal(line.first?.asked, 'late', 'asked again too late');
});

test('who has had room begins anew', () => {
  let now = 0;
  const line = new WaitingLine(() => now++);
  const early = waiting('early');
  line.enter(early);
  line.enter(waiting('late'));
  line.served(early);
  line.enter(waiting('early'));
  assert.equal(line.first?.asked, 'late');
});

test('where one too many waits, whoever asked last goes, and finds its place when it comes again', () => {
  let now = 0;
  const line = new WaitingLine(() => now++);
  const refused: string[] = [];
  const enter = (asked: string): void => line.enter(waiting(asked, () => refused.push(asked)));
  for (let i = 0; i < mostWaiting + 2; i++) enter(`${i}`);
  assert.deepEqual(refused, ['64', '65']);
  for (const asked of ['65', '64']) {
    line.served(line.first!);
    enter(asked);
  }
  enter('new');
  assert.deepEqual(refused, ['64', '65', 'new']);
  const order: string[] = [];
  for (let first = line.first; first !== undefined; first = line.first) {
    order.push(first.asked);
    line.served(first);
  }
  assert.deepEqual(order.slice(-2), ['64', '65'], 'not in the order in which they came again');
});

test('of more places than are kept those go that were left first', () => {
  let now = 0;
  const line = new WaitingLine(() => now);
  const pass = (asked: string): void => {
    const one = waiting(asked);
    line.enter(one);
    line.leave(one);
  };
  for (let i = 0; i < 1_026; i++) pass(`${i}`);
  now = 1;
  line.enter(waiting('new'));
  for (const asked of ['0', '1025']) line.enter(waiting(asked));
  assert.equal(line.first?.asked, '1025', 'kept');
  line.served(line.first!);
  assert.equal(line.first?.asked, 'new', 'the place of the one that was left first was kept too');
});

test('however many ask for however little room, nobody is passed by more than once by each of the others', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 65, max: 200 }),
      fc.array(fc.nat(), { minLength: 300, maxLength: 600 }),
      (count, draws) => {
        let now = 0;
        const line = new WaitingLine(() => now++);
        const waits = new Map<string, Waiting>();
        const served = new Map<string, number>();
        const enter = (asked: string): void => {
          const one = waiting(asked, () => waits.delete(asked));
          waits.set(asked, one);
          line.enter(one);
        };
        const askers = Array.from({ length: count }, (_, i) => `${i}`);
        for (const asked of askers) enter(asked);
        for (const draw of draws) {
          const first = line.first!;
          line.served(first);
          waits.delete(first.asked);
          served.set(first.asked, (served.get(first.asked) ?? 0) + 1);
          // Who was served comes back before the others, and those who were refused in any order.
          enter(first.asked);
          const out = askers.filter((asked) => !waits.has(asked));
          for (let i = 0; i < out.length; i++) enter(out[(i + draw) % out.length]!);
        }
        const times = askers.map((asked) => served.get(asked) ?? 0);
        assert.ok(Math.max(...times) - Math.min(...times) <= 1, times.join(' '));
      },
    ),
  );
});
