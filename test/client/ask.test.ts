import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DescribeRunResponse__Output } from '../../protos/generated/tributary/v1/DescribeRunResponse.js';
import type { LoaderServiceClient } from '../../protos/generated/tributary/v1/LoaderService.js';
import { askAll } from '../../src/client/ask.js';
import { Replicas } from '../../src/client/replicas.js';
import { contract } from '../../src/contract/contract.js';
import { serving, smallReplica } from '../server/small-replica.js';

test('all that are well are asked, those that do not answer are left out, and a refusal by all is thrown', async (t) => {
  const replica = await smallReplica(t);
  const addresses = [await serving(t, replica), await serving(t, replica)];
  const describe = async (name: string, where: readonly string[], patience = 10) => {
    const replicas = await Replicas.open(contract.tributary.v1.LoaderService, { address: where.join(',') }, 5);
    try {
      return await askAll<LoaderServiceClient, DescribeRunResponse__Output>(
        replicas,
        (client, done) => client.describeRun({ run: { name } }, done),
        { count: 16, patience, connectTimeout: 5, wanted: 'what the run is' },
      );
    } finally {
      replicas.close();
    }
  };
  const answers = await describe('small', [...addresses, '127.0.0.1:1']);
  assert.deepEqual([...answers.keys()].toSorted(), addresses.toSorted());
  assert.equal(new Set([...answers.values()].map(({ fingerprint }) => fingerprint)).size, 1);
  await assert.rejects(describe('large', addresses), { reason: 'UNKNOWN_RUN' });
  await assert.rejects(describe('small', ['127.0.0.1:1'], 0.5), /for what the run is, but got none .*ECONNREFUSED/);
});
