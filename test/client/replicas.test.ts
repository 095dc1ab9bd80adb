import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Replica, Replicas } from '../../src/client/replicas.js';
import { contract } from '../../src/contract/contract.js';
import { TributaryError } from '../../src/errors.js';

const error = new TributaryError('UNKNOWN_RUN', { expected: 'a run', came: 'none', remedy: 'Name one' });
const failure = { error, verdict: 'again', retrySeconds: 0, peer: '' } as const;

test('the least used of the replicas that are well is chosen, outside those to avoid where there is one', async (t) => {
  const replicas = await Replicas.open(contract.tributary.v1.LoaderService, { address: '127.0.0.1:1,127.0.0.1:2' }, 5);
  t.after(() => replicas.close());
  const none = new Set<Replica>();
  const one = replicas.choose(none)!;
  one.streams = 2;
  const other = replicas.choose(none)!;
  assert.notEqual(other, one);
  assert.equal(replicas.choose(new Set([other])), one);
  assert.ok(replicas.choose(new Set([one, other])) !== null, 'where all are to be avoided, one is taken all the same');
  assert.deepEqual([replicas.isUneven(one), replicas.isUneven(other)], [true, false]);
  other.slowUntil = performance.now() + 60_000;
  assert.equal(replicas.choose(none), one, 'one that was slow comes last');
});

test('a replica that failed is left alone for a while, and one error names all and why', async (t) => {
  const replicas = await Replicas.open(contract.tributary.v1.LoaderService, { address: '127.0.0.1:1,127.0.0.1:2' }, 5);
  t.after(() => replicas.close());
  const one = replicas.choose(new Set())!;
  replicas.failed(one, failure);
  replicas.failed(one, failure);
  assert.equal(one.failures, 1, 'streams of one replica fail together');
  const other = replicas.choose(new Set())!;
  assert.notEqual(other, one);
  replicas.failed(other, { ...failure, verdict: 'refused' });
  assert.equal(replicas.choose(new Set()), null);
  assert.equal(replicas.refusal(), null, 'one of them may yet answer');
  replicas.failed(one, { ...failure, verdict: 'refused' });
  assert.equal(replicas.refusal(), error);
  assert.match(
    replicas.noReplica(3, 'step 1').message,
    /for step 1, but got none in 3 s \(127\.0\.0\.1:1: .*; 127\.0\.0\.1:2: /,
  );
  assert.ok(replicas.nextRetry() >= 10 && replicas.nextRetry() <= 1_000);
  replicas.succeeded(one);
  assert.equal(replicas.choose(new Set()), one);
  assert.equal(replicas.refusal(), null);
});
