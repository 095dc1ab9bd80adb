import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SampleCaches } from '../../src/cache/sample-caches.js';
import { Metrics, type Watched } from '../../src/server/metrics.js';

/** The value of a line of the metrics; undefined where there is none. */
async function shown(metrics: Metrics, line: string): Promise<number | undefined> {
  const found = (await metrics.registry.metrics()).split('\n').find((text) => text.startsWith(`${line} `));
  return found === undefined ? undefined : Number(found.split(' ').at(-1));
}

test("a sample's stages are observed, and what threads are busy with counts for the load", async () => {
  const metrics = new Metrics();
  metrics.observeStages({ read: 100, decode: 0.03, kernels: 0.01 });
  assert.equal(await shown(metrics, 'tributary_stage_seconds_sum{stage="read"}'), 100);
  assert.equal(await shown(metrics, 'tributary_stage_seconds_count{stage="decode"}'), 1);
  metrics.load.open().count(1, 1, 0, 0.02);
  assert.ok(Math.abs(metrics.load.wanted(1, 4) - 0.5) < 1e-9);
});

test('queue, memory and caches are shown as they are when asked', async () => {
  const metrics = new Metrics();
  const queue = { size: 3, pending: 2 };
  const caches = new SampleCaches({ memory: 2 ** 20, decoded: 0 }, null);
  const maker = { preparedBytes: 77, budget: { reserved: 99 } };
  metrics.watch({ queue, maker, pool: { threads: 2 }, caches, allotment: null } as unknown as Watched);
  assert.equal(await shown(metrics, 'tributary_queue_size'), 3);
  queue.size = 5;
  assert.equal(await shown(metrics, 'tributary_queue_size'), 5);
  assert.equal(await shown(metrics, 'tributary_prepared_bytes'), 77);
  assert.equal(await shown(metrics, 'tributary_reserved_bytes'), 99);
  const budget = [...caches.state()][0]!.budget;
  assert.equal(await shown(metrics, 'tributary_cache_budget_bytes{cache="memory"}'), budget);
  assert.equal(await shown(metrics, 'tributary_cache_bytes{cache="decoded"}'), undefined);
  // Counters of what is counted elsewhere do not grow by being asked.
  assert.equal(await shown(metrics, 'tributary_cache_damaged_total'), 0);
  assert.equal(await shown(metrics, 'tributary_cache_damaged_total'), 0);
});

test('what a device does is shown where there may be one', async () => {
  const metrics = new Metrics();
  const state = { isOpen: true, queue: 2, busySeconds: 7, samples: { simd: 30, webgpu: 70 } };
  const caches = new SampleCaches({ memory: 0, decoded: 0 }, null);
  const others = {
    queue: { size: 0, pending: 0 },
    maker: { preparedBytes: 0, budget: { reserved: 0 } },
    pool: { threads: 1 },
  };
  metrics.watch({ ...others, caches, allotment: { state: () => state } } as unknown as Watched);
  assert.equal(await shown(metrics, 'tributary_device_open'), 1);
  assert.equal(await shown(metrics, 'tributary_device_queue'), 2);
  assert.equal(await shown(metrics, 'tributary_device_busy_seconds_total'), 7);
  assert.equal(await shown(metrics, 'tributary_backend_samples_total{backend="webgpu"}'), 70);
  assert.equal(await shown(metrics, 'tributary_backend_samples_total{backend="simd"}'), 30);
});
