import { planShare } from '../plan/plan.js';
import type { Address } from '../run/address.js';
import type { OpenRun } from '../runs/open-run.js';
import type { Draw } from '../sample/draw.js';
import type { Label } from '../sources/manifest/manifest.js';
import { groupSize, inGroups } from './sample-groups.js';
import type { DrawTask } from './sample-task.js';
import type { WorkerPool } from './worker-pool.js';

/** One slot of a batch before it is made. */
export interface PlannedSlot {
  readonly source: string;
  readonly key: string;
  readonly seed: number;
  readonly pass: number;
  readonly label: Label | null;
  /** The drawn parameters, where asked for and where the image's header could be read. */
  readonly draw: Draw | null;
  /** Why the header could not be read; null where it could, or was not asked for. */
  readonly corrupt: string | null;
}

/** What a batch will hold. With `withDraw`, the images' headers are read, as draws depend on their sizes. */
export async function planBatch(
  pool: WorkerPool | null,
  open: OpenRun,
  address: Address,
  withDraw: boolean,
): Promise<PlannedSlot[]> {
  const { split, knobs, image_size: size, limits } = open.run;
  const planned = planShare(open.plan, address);
  const slots = planned.map(({ source, index, seed, pass }) => {
    const manifest = open.manifests[source]!;
    return { source: manifest.source, key: manifest.key(index), seed, pass, label: manifest.label(index) };
  });
  if (!withDraw || pool === null) return slots.map((slot) => ({ ...slot, draw: null, corrupt: null }));
  const outcomes = await Promise.all(
    inGroups(planned, groupSize(planned.length, pool.threads)).map((group) => {
      const samples = group.map(({ source, index, seed }) => ({ manifest: open.manifests[source]!, index, seed }));
      return pool.run<DrawTask>({ kind: 'draw', split, knobs, size, limits, samples });
    }),
  );
  return outcomes.flat().map((outcome, i) => ({
    ...slots[i]!,
    draw: outcome.status === 'ok' ? outcome.draw : null,
    corrupt: outcome.status === 'ok' ? null : outcome.reason,
  }));
}
