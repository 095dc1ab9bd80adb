import { createHash } from 'node:crypto';
import { TributaryError } from '../errors.js';
import { canonicalJson } from './canonical-json.js';
import { sizesOfSteps } from './resolutions.js';
import type { Knobs, Run } from './run.js';
import { isOneView, viewsOf } from './views.js';

/**
 * The version of everything between a run and its bytes: order, seeds, draws, arithmetic. It is raised when any of them
 * changes, so that a replica of another version is refused by its fingerprint.
 */
const streamVersion = 2;

/** A source's manifest, as far as a run's fingerprint needs it. */
export interface ManifestFingerprint {
  /** The source's name. */
  readonly name: string;
  /** SHA-256 over its sorted keys and sizes, hex. */
  readonly fingerprint: string;
  /** Keys of samples that are taken out of every epoch, sorted; absent where there are none. */
  readonly excluded?: readonly string[];
}

/**
 * The digest of all that decides a run's bytes: SHA-256, hex, over canonical JSON. The run's name, its recipe's name, its
 * optimiser knobs, `epochs` and `max_corrupt` do not belong to it; docs/configuration.md says which key does.
 *
 * @param manifests one for each source of the run, in any order; others are ignored.
 * @param classNames the names in label order, where labels are others than each source's own; null where they are not, so that
 *   nothing but the manifests decides them.
 * @throws TributaryError NOT_INDEXED where a source of the run has none.
 */
export function runFingerprint(
  run: Run,
  manifests: readonly ManifestFingerprint[],
  classNames: readonly string[] | null = null,
): string {
  const sources = run.sources.map((name) => {
    const manifest = manifests.find((candidate) => candidate.name === name);
    if (manifest !== undefined) {
      const { fingerprint, excluded } = manifest;
      return { name, fingerprint, ...(excluded && { excluded }) };
    }
    throw new TributaryError('NOT_INDEXED', {
      expected: `a manifest of each source of the run`,
      came: `none for ${name}`,
      remedy: 'Build it with `tributary index`',
      metadata: { source: name },
    });
  });
  return createHash('sha256')
    .update(canonicalJson({ ...deciding(run), sources, ...(classNames === null ? {} : { labels: classNames }) }))
    .digest('hex');
}

/**
 * What of a run decides bytes, except the content of its sources. A key that is as it was before it could be set is left out, so
 * that runs of before keep their fingerprints.
 */
export function deciding(run: Run): Readonly<Record<string, unknown>> {
  const { pixels, bytes } = run.limits;
  const views = viewsOf(run);
  const what = isOneView(views)
    ? { knobs: decidingKnobs(run.knobs), image_size: views[0]!.size }
    : {
        views: views.map((group) => ({
          ...group,
          knobs: group.knobs.map((knobs) =>
            group.of === null ? decidingKnobs(knobs) : { interpolation: knobs.interpolation },
          ),
        })),
        share_color_jitter: run.share_color_jitter,
      };
  const resolutions = sizesOfSteps(run);
  return {
    version: streamVersion,
    ...what,
    ...(resolutions.length === 0 ? {} : { resolutions }),
    sources: run.sources,
    // Where weights are given, sample_t says nothing.
    mixing: run.weights === null ? { sample_t: run.sample_t } : { weights: run.weights },
    sampling: run.sampling,
    split: run.split,
    seed: run.seed,
    global_batch: run.global_batch,
    on_corrupt: run.on_corrupt,
    limits: { pixels, bytes },
    ...(run.evaluate === (run.split === 'val') ? {} : { evaluate: run.evaluate }),
    ...(run.evaluate && run.resize_size !== run.image_size ? { resize_size: run.resize_size } : {}),
  };
}

function decidingKnobs({ blur_sigma, transforms, ...knobs }: Knobs): object {
  const [low, high] = blur_sigma;
  return {
    ...knobs,
    ...(low === 0.1 && high === 2 ? {} : { blur_sigma }),
    ...(transforms === 'ultralytics' ? {} : { transforms }),
  };
}
