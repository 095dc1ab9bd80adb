import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawFaults } from '../../scripts/nemesis/faults.js';
import { type Spoil, type Task, tasks } from '../../scripts/nemesis/trainer.js';
import { nemesis } from '../../scripts/nemesis.js';

const places = { replicas: 3, trainers: 6 };

test('the same seed gives the same faults, and no two befall one place at a time', () => {
  const faults = drawFaults(5, 3_600, places);
  assert.deepEqual(drawFaults(5, 3_600, places), faults);
  assert.notDeepEqual(drawFaults(6, 3_600, places), faults);
  assert.equal(new Set(faults.map(({ kind }) => kind)).size, 19);
  const killed = faults.filter(({ kind, place }) => kind.startsWith('replica ') && place === 0);
  for (const [index, { at, seconds }] of killed.slice(0, -1).entries()) assert.ok(killed[index + 1]!.at > at + seconds);
});

test('whatever befalls replicas, links, disks, clocks, storage and trainers, no batch is lost, repeated or different', async (t) => {
  const { batches, findings } = await nemesis({ seed: 3, seconds: 20, replicas: 3, say: (line) => t.diagnostic(line) });
  assert.deepEqual(findings, []);
  assert.ok(batches > 0);
});

test('a batch of which one bit is another, and one that is not the next, are found', async (t) => {
  const [flipped, again] = [tasks[0], tasks[3]] as [Task, Task];
  const spoil: Spoil = (task, n, taken) => {
    if (n > 0) return taken;
    if (task === flipped) return { ...taken, crc32: taken.crc32 ^ 1 };
    return task === again ? { ...taken, step: taken.step + 1 } : taken;
  };
  const { findings } = await nemesis({ seed: 3, seconds: 0, replicas: 1, say: (line) => t.diagnostic(line), spoil });
  assert.equal(findings.length, 2, `${findings}`);
  for (const { client, run } of [flipped, again])
    assert.ok(
      findings.some((finding) => finding.startsWith(`the ${client} trainer of ${run}`)),
      `${findings}`,
    );
});
