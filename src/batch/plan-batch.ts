import type { Address } from '../plan/input.js';
import { planShare } from '../plan/plan.js';
import type { Draw } from '../sample/draw.js';
import type { Label } from '../sources/manifest.js';
import type { OpenRun } from './open-run.js';
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
  const { run } = open;
  return Promise.all(
    planShare(open.plan, address).map(async ({ source, index, seed, pass }) => {
      const manifest = open.manifests[source]!;
      const slot = { source: manifest.source, key: manifest.key(index), seed, pass, label: manifest.label(index) };
      if (!withDraw || pool === null) return { ...slot, draw: null, corrupt: null };
      const outcome = await pool.run(
        {
          kind: 'draw',
          seed,
          split: run.split,
          knobs: run.knobs,
          size: run.image_size,
          limits: run.limits,
        },
        { manifest, index },
      );
      if (outcome.status === 'ok') return { ...slot, draw: outcome.draw, corrupt: null };
      return { ...slot, draw: null, corrupt: outcome.status === 'corrupt' ? outcome.reason : outcome.status };
    }),
  );
}
