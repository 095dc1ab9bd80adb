import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withMarks } from '../../scripts/fuzz/branch-loader.js';

const source = `'use strict';
const sign = (n) => n < 0 ? -1 : n > 0 ? 1 : 0;
const object = (n) => ({ n, m: n ?? 'none' });
function walk(n) { let s = ''; for (let i = 0; i < n; i++) if (i % 2) s += i; else if (i % 3) { s += 'x' } else s += '-';
  do n--; while (n > 0); for (const c of s) { if (c === 'x') continue; s = s + c; } return s }
function pick(n) { switch (n) { case 0: case 1: return 'few'; case 2: { return 'two' } default: } try { null.x } catch { return 'caught' } }
class A { #n = 1; get n() { return this.#n || 2 } static of = async (n) => { await null; return n && new A().n } }
globalThis.outcome = (async () => JSON.stringify([[-2, 0, 2].map(sign), object(), object(3), walk(9), [0, 1, 2, 3].map(pick), await A.of(1), await A.of(0)]))();
`;

test('marks tell of branches once each, and change nothing else, lines included', async () => {
  const marked = withMarks(source);
  assert.equal(marked.split('\n').length, source.split('\n').length);
  const told: number[] = [];
  const reached = new Uint8Array(1000);
  const marks = {
    reachedBranches: reached,
    reachBranch(branch: number) {
      reached[branch] = 1;
      told.push(branch);
    },
  };
  const run = (text: string): Promise<string> => {
    const scope: { outcome?: Promise<string> } = {};
    new Function('globalThis', 'reachedBranches', 'reachBranch', text)(scope, marks.reachedBranches, marks.reachBranch);
    return scope.outcome!;
  };
  assert.equal(await run(marked), await run(source));
  assert.equal(new Set(told).size, told.length);
  // Functions, parts of conditions, loops and cases.
  assert.ok(told.length > 25, String(told.length));
});
