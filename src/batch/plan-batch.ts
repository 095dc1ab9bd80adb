import { shareOf } from '../plan/plan.js';
import { viewsAt } from '../plan/resolution-at.js';
import type { Address } from '../run/address.js';
import type { SampleDraw } from '../sample/draw.js';
import { drawingOf } from '../sample/draw-sample.js';
import { whenHere } from '../sources/manifest/away.js';
import type { BatchSample, ResolvedRun } from './batch.js';
import { groupSize, inGroups } from './sample-groups.js';
import { inSlices } from './slices.js';
import type { WorkerPool } from './worker-pool.js';

/** One slot of a batch before it is made. */
export interface NamedSample extends Pick<BatchSample, 'source' | 'key' | 'seed' | 'pass' | 'label'> {
  /** The drawn parameters, where asked for and where the image's header could be read. */
  readonly draw: SampleDraw | null;
  /** Why the header could not be read; null where it could, or was not asked for. */
  readonly corrupt: string | null;
}

/** In whose turns a batch is planned, on the main thread, and drawn, by worker threads. */
export interface PlanTurns {
  readonly planning: <T>(act: () => Promise<T>, slots: number) => Promise<T>;
  readonly drawing: <T>(act: () => Promise<T>, samples: number) => Promise<T>;
}

const atOnce: PlanTurns = { planning: (act) => act(), drawing: (act) => act() };

/** What a batch will hold. With `withDraw`, the images' headers are read, as draws depend on their sizes. */
export async function planBatch(
  pool: WorkerPool | null,
  open: ResolvedRun,
  address: Address,
  withDraw: boolean,
  turns: PlanTurns = atOnce,
): Promise<NamedSample[]> {
  const share = shareOf(open.plan, address);
  const nameOf = (slot: number) => {
    const sample = share.sample(slot);
    const { source, index, seed, pass } = sample;
    const manifest = open.manifests[source]!;
    const label = open.labels.of(source, index);
    return { planned: { sample, slot }, source: manifest.source, key: manifest.key(index), seed, pass, label };
  };
  // Nobody's turn lasts while a store is waited for.
  const all = await whenHere(() => turns.planning(() => inSlices(share.count, nameOf), share.count));
  const named = all.map(({ planned, ...sample }) => sample);
  const slots = all.map(({ planned }) => planned);
  if (!withDraw || pool === null) return named.map((sample) => ({ ...sample, draw: null, corrupt: null }));
  const drawing = drawingOf(open.run, viewsAt(open.run, address));
  const outcomes = await Promise.all(
    inGroups(slots, groupSize(slots.length, pool.threads)).map((group) =>
      turns.drawing(() => pool.draw(open, group, drawing), group.length),
    ),
  );
  return outcomes.flat().map((outcome, i) => ({
    ...named[i]!,
    draw: outcome.status === 'ok' ? outcome.draw : null,
    corrupt: outcome.status === 'ok' ? null : outcome.reason,
  }));
}
