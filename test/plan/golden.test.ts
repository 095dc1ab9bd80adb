import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { goldenText, makeGolden } from './golden.js';

const path = 'test/plan/golden.json';

test('orders and seeds are those that were committed', () => {
  assert.deepEqual(makeGolden(), JSON.parse(readFileSync(path, 'utf8')));
  assert.equal(goldenText(makeGolden()), readFileSync(path, 'utf8'));
});

test('the definition, written again in Python, gives the same orders and seeds', () => {
  const said = execFileSync('/usr/bin/python3', ['test/plan/restate.py', path], { encoding: 'utf8' });
  assert.match(said, /^9 runs, 19 steps, \d+ samples agree$/m);
});
