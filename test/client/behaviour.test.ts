import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { behaviour, defaultOptions, rules, verdictOf } from '../../src/client/behaviour.js';
import { reasons } from '../../src/errors.js';
import { tables } from './behaviour.js';

const root = new URL('../../../', import.meta.url);
const text = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8');

test('the page shows the table, and the Python package has it', async () => {
  assert.equal(await text('python/src/tributary/behaviour.json'), await text('protos/client-behaviour.json'));
  const page = await text('docs/client-behaviour.md');
  assert.equal(page.slice(page.indexOf('## What a trainer may set')), tables(behaviour));
});

test('the Python package reads every name of the table', async () => {
  const source = await text('python/src/tributary/behaviour.py');
  for (const name of Object.keys(behaviour.options)) assert.ok(source.includes(`_options["${name}"]`), name);
  for (const name of Object.keys(behaviour.rules)) assert.ok(source.includes(`_rules["${name}"]`), name);
  const loader = await text('python/src/tributary/loader.py');
  for (const name of Object.keys(behaviour.options))
    assert.match(loader, new RegExp(`^        ${name}: (int|float) = behaviour\\.${name.toUpperCase()},$`, 'm'));
});

test('every gRPC code but OK has a verdict, and reasons are known ones', () => {
  const codes = Object.keys(status).filter((name) => Number.isNaN(Number(name)) && name !== 'OK');
  assert.deepEqual(Object.keys(behaviour.verdicts.codes).sort(), codes.sort());
  for (const reason of Object.keys(behaviour.verdicts.reasons)) assert.ok(reason in reasons, reason);
});

test('options and rules have the names of TypeScript', () => {
  assert.equal(defaultOptions.budgetBytes, 512 * 1024 * 1024);
  assert.equal(rules.crcAttempts, 4);
  assert.deepEqual(
    [verdictOf('DATA_LOSS', 'SAMPLE_CORRUPT'), verdictOf('DATA_LOSS', 'CRC_MISMATCH'), verdictOf('NOT_FOUND')],
    ['end', 'again', 'refused'],
  );
});
