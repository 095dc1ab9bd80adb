import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contract } from '../../src/contract/contract.js';
import { type RunSelector, readRunSelector } from '../../src/contract/run-selector.js';
import { refused } from '../run/fixture.js';

const { DescribeRunRequest } = contract.tributary.v1;
const overTheWire = (run: RunSelector | null) =>
  readRunSelector(DescribeRunRequest.deserialize(DescribeRunRequest.serialize({ run })).run);

test('a selector says the same on the other side', () => {
  for (const selector of [{ name: 'seven' }, { name: '' }, { inlineRun: 'recipe: dinov3' }, { inlineRun: '' }])
    assert.deepEqual(overTheWire(selector), selector);
});

test('a request that selects nothing is refused', () => {
  for (const selector of [null, {} as RunSelector])
    refused(() => overTheWire(selector), 'ARGUMENT_INVALID', /names a run or carries one, but got neither/);
});
