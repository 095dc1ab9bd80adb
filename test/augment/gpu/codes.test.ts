import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf, gpuOperation, levelBranches, pixelBranches } from '../../../src/augment/gpu/codes.js';
import { operationNames } from '../../../src/augment/operations/index.js';

test('every operation has a code of its own, and none is 0, which ends a list', () => {
  const codes = operationNames.map(codeOf);
  assert.equal(new Set(codes).size, codes.length);
  assert.ok(codes.every((code) => code > 0));
});

test('the branches of a kernel have every operation of a device but the blur, once', () => {
  const source = `${levelBranches(['r', 'g', 'b'], 'code', 'parameter')}\n${pixelBranches('code')}`;
  for (const name of operationNames) {
    const count = source.split(`if (code === ${codeOf(name)}) {`).length - 1;
    const kind = gpuOperation(name)?.kind;
    assert.equal(count, kind === undefined || kind === 'blur' ? 0 : 1, name);
  }
});
