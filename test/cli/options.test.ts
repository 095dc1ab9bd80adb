import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { InvalidArgumentError } from 'commander';
import {
  byteSize,
  hostPort,
  positiveInteger,
  readConfig,
  seconds,
  stepRange,
  wholeNumber,
} from '../../src/cli/options.js';
import { temporaryFolder } from '../fleet.js';

test('arguments that are right have their value', () => {
  assert.deepEqual([wholeNumber('0'), positiveInteger('12'), seconds('0.5')], [0, 12, 0.5]);
  assert.deepEqual(stepRange('3'), { first: 3, count: 1 });
  assert.deepEqual(stepRange('3..7'), { first: 3, count: 5 });
  assert.deepEqual(['10', '1K', '1KiB', '1.5MiB', '2GB', '1T'].map(byteSize), [
    10,
    1024,
    1024,
    1.5 * 2 ** 20,
    2 ** 31,
    2 ** 40,
  ]);
  for (const text of ['127.0.0.1:0', '[::1]:50051', 'loader:65535']) assert.equal(hostPort(text), text);
});

test('others are refused', () => {
  const cases: [(text: string) => unknown, string[]][] = [
    [wholeNumber, ['', '-1', '1.5', 'one', '1e3', '9007199254740993', ' 1']],
    [positiveInteger, ['0', '-1', 'x']],
    [seconds, ['0', '-1', 'x', '1s', '']],
    [stepRange, ['7..3', '1..', '..1', '1-2', 'x', '']],
    [byteSize, ['', '-1', '1X', '1 gigabyte', 'MiB']],
    [hostPort, ['50051', ':50051', 'host', 'host:', 'host:65536', 'host:x']],
  ];
  for (const [parse, texts] of cases)
    for (const text of texts) assert.throws(() => parse(text), InvalidArgumentError, `${parse.name} ${text}`);
});

test('a config that cannot be read is named', async (t) => {
  const file = join(await temporaryFolder(t), 'none.yaml');
  await assert.rejects(readConfig(file), { reason: 'CONFIG_UNREADABLE', metadata: { file } });
});
