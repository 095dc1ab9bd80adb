import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SourceWatch } from '../../src/batch/source-watch.js';

/** A watch whose clock the test turns. */
function watched(mostLeft: number) {
  const clock = { now: 0 };
  const watch = new SourceWatch(mostLeft, () => clock.now);
  const left: string[] = [];
  const begin = (name: string, ...sources: string[]) => watch.begin(sources, () => left.push(name));
  const pass = (milliseconds: number) => {
    clock.now += milliseconds;
    watch.look();
  };
  return { watch, left, begin, pass };
}

test('tasks of a source of which nothing is done leave their places, and one at a time is tried', () => {
  const { watch, left, begin, pass } = watched(8);
  const ends = [begin('a', 'hung'), begin('b', 'hung', 'sound')];
  pass(2_000);
  begin('c', 'sound')(true);
  pass(2_000);
  assert.deepEqual(left, ['a', 'b']);
  assert.deepEqual([watch.mayBegin(['sound']), watch.mayBegin(['hung'])], [true, true]);
  const tried = begin('d', 'hung');
  assert.deepEqual([watch.mayBegin(['sound']), watch.mayBegin(['sound', 'hung'])], [true, false]);
  tried(false);
  assert.equal(watch.mayBegin(['hung']), true);
  const again = begin('e', 'hung');
  ends[0]!(true);
  // Something of it is done: it has all places again.
  assert.equal(watch.mayBegin(['hung']), true);
  again(true);
  ends[1]!(true);
});

test('slow is not stalled: a source of which anything is done keeps its places', () => {
  const { left, begin, pass } = watched(8);
  const slow = begin('slow', 'one');
  for (let second = 0; second < 20; second++) {
    const end = begin('other', 'one');
    pass(1_000);
    end(true);
  }
  assert.deepEqual(left, []);
  slow(true);
});

test('so many go on without a place, and no more', () => {
  const { left, begin, pass } = watched(1);
  const ends = [begin('a', 'hung'), begin('b', 'hung')];
  pass(4_000);
  assert.deepEqual(left, ['a']);
  for (const end of ends) end(false);
});

test('of those that take a part of a place as many more go on without', () => {
  const { watch, left, pass } = watched(1);
  for (const name of ['a', 'b', 'c', 'd', 'e']) watch.begin(['hung'], () => left.push(name), 1 / 4);
  pass(4_000);
  assert.deepEqual(left, ['a', 'b', 'c', 'd']);
});
