import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { page, withTable } from '../../scripts/make-operation-table.js';

test('the table of operations by backend is the registry’s: node dist/scripts/make-operation-table.js', () => {
  const text = readFileSync(page, 'utf8');
  assert.equal(text, withTable(text));
});
