import type { Knobs, Masks, Run, ViewGroup } from './run.js';

/** A knob that may be given for each view of a group: the probabilities. */
export type PerView = 'color_jitter' | 'grayscale' | 'gaussian_blur' | 'solarize' | 'fliplr' | 'flipud';

/** What of a group can be set, as a config or a recipe writes it. A group without a size, or of no views, is left out. */
export interface ViewSettings extends Partial<Omit<Knobs, PerView>> {
  readonly name: string;
  readonly of?: string | undefined;
  readonly count?: number | undefined;
  readonly image_size: number | null;
  readonly masks?: Masks | null | undefined;
  readonly color_jitter?: number | readonly number[];
  readonly grayscale?: number | readonly number[];
  readonly gaussian_blur?: number | readonly number[];
  readonly solarize?: number | readonly number[];
  readonly fliplr?: number | readonly number[];
  readonly flipud?: number | readonly number[];
}

/** Views of a sample at most, of all its groups. */
export const mostViews = 64;

/** What the group of a sample's only view is called. */
export const onlyView = 'image';

/**
 * The groups of a run's samples, in the order of a batch's tensors: also where it has one view, and where it evaluates. Where steps
 * differ in their sizes, those of the first resolution.
 */
export function viewsOf(run: ViewsOfRun): readonly ViewGroup[] {
  return possibleViews(run)[0]!;
}

/** The groups at the sizes of every resolution that a step may have. */
export function possibleViews(run: ViewsOfRun): readonly (readonly ViewGroup[])[] {
  const { views, resolutions, evaluate, image_size, knobs } = run;
  if (!evaluate && resolutions.length > 0) return resolutions.map((each) => each.views);
  return [evaluate || views.length === 0 ? [{ name: onlyView, size: image_size, of: null, knobs: [knobs] }] : views];
}

type ViewsOfRun = Pick<Run, 'views' | 'resolutions' | 'evaluate' | 'image_size' | 'knobs'>;

/** Whether a sample of these groups has one view: what a batch holds is then told without them. */
export function isOneView(views: readonly ViewGroup[]): boolean {
  return views.length === 1 && views[0]!.name === onlyView && views[0]!.knobs.length === 1;
}

/** The name of every view, in their order: `global1`, `global2`, `local1`, ... */
export function viewNames(views: readonly ViewGroup[]): readonly string[] {
  return views.flatMap(({ name, knobs }) => knobs.map((_, view) => `${name}${view + 1}`));
}

/** The number of views that a group has by its settings: that of the group whose crops it shows where it does not say. */
export function countOf({ count, of }: ViewSettings, all: readonly ViewSettings[]): number {
  return count ?? all.find(({ name }) => name === of)?.count ?? 1;
}

/** Groups by their settings, which stand above `knobs`. */
export function resolveViews(settings: readonly ViewSettings[], knobs: Knobs): ViewGroup[] {
  return settings.flatMap((group) => {
    const { name, of = null, count: _, image_size: size, masks, ...own } = group;
    const count = countOf(group, settings);
    if (size === null || count === 0) return [];
    const ofView = (view: number): Knobs => {
      const chosen = Object.entries(own).map(([knob, value]) => [knob, isList(knob, value) ? value[view] : value]);
      return { ...knobs, ...Object.fromEntries(chosen) };
    };
    // Views that are alike share their knobs: they are told to worker threads once.
    const alike = Object.entries(own).some(([knob, value]) => isList(knob, value)) ? null : ofView(0);
    const knobsOf = Array.from({ length: count }, (_, view) => alike ?? ofView(view));
    return [{ name, size, of, knobs: knobsOf, ...(masks ? { masks } : {}) }];
  });
}

/** The knobs that may be given for each view of a group. */
export const perView: readonly PerView[] = [
  'color_jitter',
  'grayscale',
  'gaussian_blur',
  'solarize',
  'fliplr',
  'flipud',
];

/** Whether a knob's value is one for each view. */
export function isList(knob: string, value: unknown): value is readonly unknown[] {
  return (perView as readonly string[]).includes(knob) && Array.isArray(value);
}
