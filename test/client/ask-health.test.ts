import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkHealth } from '../../src/client/ask-health.js';
import { serving, smallReplica } from '../server/small-replica.js';

test('a server says of each of its services how it is, and who does not answer is named', async (t) => {
  const address = await serving(t, await smallReplica(t));
  for (const service of ['', 'tributary.v1.LoaderService', 'live'])
    assert.equal(await checkHealth(address, service), 'SERVING');
  await assert.rejects(checkHealth(address, 'tributary.v1.ScheduleService'));
  await assert.rejects(checkHealth('127.0.0.1:1', ''), /127\.0\.0\.1:1, but got UNAVAILABLE .*ECONNREFUSED/);
});
