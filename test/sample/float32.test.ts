import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { python } from '../../scripts/torchvision-process.js';
import { exp, log, roundHalfEven } from '../../src/sample/float32.js';

test('exp and log are torch’s to the last bit', () => {
  const values = Array.from({ length: 4000 }, (_, i) => Math.fround(0.05 + i * 0.0025));
  const program = `
import json, sys, torch
x = json.load(sys.stdin)
f = lambda op: [float(op(torch.tensor([v], dtype=torch.float32))) for v in x]
print(json.dumps({"exp": f(lambda t: torch.exp(torch.log(t))), "log": f(torch.log)}))`;
  const said = JSON.parse(execFileSync(python, ['-c', program], { input: JSON.stringify(values), encoding: 'utf8' }));
  for (const [i, value] of values.entries()) {
    assert.equal(log(value), said.log[i], `log ${value}`);
    assert.equal(exp(log(value)), said.exp[i], `exp of log ${value}`);
  }
});

test('halves go to the even neighbour', () => {
  assert.deepEqual(
    [0.5, 1.5, 2.5, -0.5, -1.5, 2.4, 2.6, -2.6].map((x) => roundHalfEven(x) + 0),
    [0, 2, 2, 0, -2, 2, 3, -3],
  );
});
