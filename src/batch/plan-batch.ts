import { planShare } from '../plan/plan.js';
import type { Address } from '../run/address.js';
import { viewsOf } from '../run/views.js';
import type { SampleDraw } from '../sample/draw.js';
import { drawingOf } from '../sample/draw-sample.js';
import type { BatchSample, ResolvedRun } from './batch.js';
import { groupSize, inGroups } from './sample-groups.js';
import type { WorkerPool } from './worker-pool.js';

/** One slot of a batch before it is made. */
export interface NamedSample extends Pick<BatchSample, 'source' | 'key' | 'seed' | 'pass' | 'label'> {
  /** The drawn parameters, where asked for and where the image's header could be read. */
  readonly draw: SampleDraw | null;
  /** Why the header could not be read; null where it could, or was not asked for. */
  readonly corrupt: string | null;
}

/** What a batch will hold. With `withDraw`, the images' headers are read, as draws depend on their sizes. */
export async function planBatch(
  pool: WorkerPool | null,
  open: ResolvedRun,
  address: Address,
  withDraw: boolean,
): Promise<NamedSample[]> {
  const slots = planShare(open.plan, address).map((sample, slot) => ({ sample, slot }));
  const named = slots.map(({ sample: { source, index, seed, pass } }) => {
    const manifest = open.manifests[source]!;
    return { source: manifest.source, key: manifest.key(index), seed, pass, label: open.labels.of(source, index) };
  });
  if (!withDraw || pool === null) return named.map((sample) => ({ ...sample, draw: null, corrupt: null }));
  const drawing = drawingOf(open.run, viewsOf(open.run));
  const outcomes = await Promise.all(
    inGroups(slots, groupSize(slots.length, pool.threads)).map((group) => pool.draw(open, group, drawing)),
  );
  return outcomes.flat().map((outcome, i) => ({
    ...named[i]!,
    draw: outcome.status === 'ok' ? outcome.draw : null,
    corrupt: outcome.status === 'ok' ? null : outcome.reason,
  }));
}
