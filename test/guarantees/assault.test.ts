import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { attacks } from '../../scripts/assault/attacks.js';
import { assaultFolder, attack, attacked, goodRate, startWatched } from '../../scripts/assault.js';
import { ended } from '../../scripts/server-process.js';

test("a good client goes on under every attack, and the event loop is nobody's", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-assault-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await assaultFolder(folder);
  const onSpawn = (child: ChildProcess): void => t.after(() => child.kill('SIGKILL'));
  const [serve, schedule] = await Promise.all([
    startWatched(folder, [], onSpawn),
    startWatched(folder, [], onSpawn, 'schedule'),
  ]);
  await goodRate(serve.address, 1);
  for (const name of Object.keys(attacks)) {
    const { command, rate: measure } = attacked(name);
    const server = { serve, schedule }[command];
    await server.delay();
    const attacker = await attack(server, name);
    const rate = await measure(server.address, 2);
    attacker.kill('SIGKILL');
    await ended(attacker);
    const { max } = await server.delay();
    // Machines that run many tests at once are slow: the figures are those of `scripts/assault.ts` on a quiet one.
    assert.ok(rate > 0, name);
    assert.ok(max < 1_000, `${name} kept the event loop for ${max} ms`);
  }
  assert.deepEqual([serve.process.exitCode, schedule.process.exitCode], [null, null]);
});
