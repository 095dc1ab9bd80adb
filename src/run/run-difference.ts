import { canonicalJson } from './canonical-json.js';
import { deciding } from './fingerprint.js';
import { sizesOfSteps } from './resolutions.js';
import type { Knobs, Run, ViewGroup } from './run.js';

/** One knob that two runs set differently. */
export interface Difference {
  /** The knob's name, as a config writes it. */
  readonly name: string;
  readonly left: unknown;
  readonly right: unknown;
  /** Whether it decides bytes: a difference of the optimiser's knobs, say, does not. */
  readonly decidesBytes: boolean;
}

/** The knobs that differ between two runs, in the order of docs/configuration.md; names of runs are no difference. */
export function diffRuns(left: Run, right: Run): Difference[] {
  const [a, b] = [flat(left), flat(right)];
  const [deciders, others] = [flatDeciding(left), flatDeciding(right)];
  return Object.keys({ ...a, ...b })
    .filter((name) => canonicalJson([a[name]]) !== canonicalJson([b[name]]))
    .map((name) => ({
      name,
      left: a[name],
      right: b[name],
      decidesBytes: canonicalJson([deciders[name]]) !== canonicalJson([others[name]]),
    }));
}

function flat(run: Run): Record<string, unknown> {
  const { name: _, knobs, training, limits, views, ...rest } = run;
  return {
    ...rest,
    resolutions: sizesOfSteps(run),
    ...knobs,
    ...training,
    ...prefixed('limits', limits),
    ...viewsByKey(views),
  };
}

function flatDeciding(run: Run): Record<string, unknown> {
  const { knobs, mixing, limits, views, ...rest } = deciding(run);
  // Labels decide a fingerprint where the sources' classes differ, which a run alone cannot say.
  return {
    ...rest,
    labels: run.labels,
    ...(knobs as object),
    ...(mixing as object),
    ...prefixed('limits', limits as object),
    ...viewsByKey((views ?? []) as ViewGroup[]),
  };
}

/** `views.global.size`, `views.global.gaussian_blur` and so on: of a knob a list of each view's. */
function viewsByKey(views: readonly ViewGroup[]): Record<string, unknown> {
  const parts = views.map(({ name, knobs, ...rest }) => {
    const names = Object.keys(knobs[0]!) as (keyof Knobs)[];
    const lists = Object.fromEntries(names.map((knob) => [knob, knobs.map((own) => own[knob])]));
    return prefixed(`views.${name}`, { ...rest, count: knobs.length, ...lists });
  });
  return Object.assign({}, ...parts);
}

function prefixed(prefix: string, values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [`${prefix}.${key}`, value]));
}
