import { z } from 'zod';
import { choice, integer, isMapping, number } from './fields.js';
import { knobFields, knobNames, unknownKnob, unknownRecipe } from './knobs.js';
import type { Limits } from './limits.js';
import { type Checked, check, dotted, type Problem, shown } from './problems.js';
import { type Recipe, recipes } from './recipes.js';
import {
  groupNames,
  type ResolutionSettings,
  resolutionKeys,
  resolutionProblems,
  resolutionsField,
  resolveResolutions,
  settingsAt,
} from './resolutions.js';
import type { Knobs, Run, Training } from './run.js';
import { suggestion } from './similar-names.js';
import { groupFields, groupKey, groupKeys, settingsOf, viewProblems } from './view-schema.js';
import { onlyView, resolveViews, type ViewSettings } from './views.js';

const fraction = number('a number in [0, 1]', (value) => value >= 0 && value <= 1);
const beta = number('a number in [0, 1)', (value) => value >= 0 && value < 1);
const positive = number('a number above 0', (value) => value > 0);
const nonNegative = number('a number of 0 or more', (value) => value >= 0);

/** What each of the optimiser's knobs may be. */
export const trainingFields = {
  lr0: fraction,
  lrf: fraction,
  weight_decay: fraction,
  wd_end: fraction.nullable(),
  wd_schedule: choice(['cosine', 'linear']),
  lr_schedule: choice(['cosine', 'linear']),
  warmup_epochs: nonNegative,
  epochs: integer(1, 2 ** 31 - 1),
  momentum: beta,
  grad_clip: nonNegative,
  beta2: beta.nullable(),
} satisfies { readonly [K in keyof Training]: z.ZodType<Training[K]> };

const trainingNames = Object.keys(trainingFields) as readonly (keyof Training)[];

const defaultImageSize = 224;

const sourceList = z
  .array(z.string({ error: 'the name of a source' }), { error: 'a list of names of sources' })
  .refine((names) => names.length > 0, {
    error: 'a list of at least one source',
    params: { reason: 'CONFIG_INVALID' },
  });

const runFields = {
  recipe: z.string({ error: 'the name of a recipe' }),
  sources: sourceList,
  sample_t: fraction.optional(),
  weights: z.record(z.string(), positive, { error: 'a mapping of sources to weights' }).nullable().optional(),
  sampling: choice(['exact', 'iid']).optional(),
  split: choice(['train', 'val']).optional(),
  evaluate: z.boolean({ error: 'true or false' }).optional(),
  labels: choice(['joined', 'own']).optional(),
  seed: integer(0, Number.MAX_SAFE_INTEGER).optional(),
  image_size: integer(9, 4096).optional(),
  resize_size: integer(9, 4096).optional(),
  global_batch: integer(1, 2 ** 31 - 1),
  on_corrupt: choice(['substitute', 'fail']).optional(),
  max_corrupt: fraction.optional(),
  views: z
    .array(
      z.strictObject(groupFields, {
        error: (issue) => (issue.code === 'invalid_type' ? 'a mapping of a group of views' : undefined),
      }),
      { error: 'a list of groups of views' },
    )
    .optional(),
  resolutions: resolutionsField([onlyView]).optional(),
  share_color_jitter: z.boolean({ error: 'true or false' }).optional(),
  ...z.object(knobFields).partial().shape,
  ...z.object(trainingFields).partial().shape,
};

/** The keys that any run may have, in the order of docs/configuration.md. */
export const runKeys: readonly string[] = Object.keys(runFields);

/** What a run of this recipe may have: of a recipe of several views, keys of its groups as well; and sizes of these groups. */
function schemaOf(recipe: Recipe | undefined, groups: readonly string[]) {
  const resolutions = resolutionsField(groups).optional();
  return z.strictObject({ ...runFields, ...recipeGroupFields(recipe), resolutions } as typeof runFields, {
    error: (issue) => (issue.code === 'invalid_type' ? 'a mapping of knobs' : undefined),
  });
}

/** The keys of the groups of a recipe: `global_size`, `local_count`, `local_gaussian_blur` ... */
function recipeGroupFields(recipe: Recipe | undefined): Record<string, z.ZodType> {
  const entries = (recipe?.views ?? []).flatMap((group) =>
    settingsOf(group).map(([setting, field]) => [groupKey(group.name, setting), field.optional()] as const),
  );
  return Object.fromEntries(entries);
}

/**
 * Reads one run: its own values on top of its recipe's. Every problem is collected, those between keys as well.
 *
 * @param path where the value stands, for messages.
 */
export function readRun(
  name: string,
  value: unknown,
  sources: readonly string[],
  limits: Limits,
  path: readonly PropertyKey[],
): Checked<Run> {
  const recipe = recipes.find(({ name }) => isMapping(value) && name === value.recipe);
  const groups = groupNames(value, recipe?.views);
  const keys = [...runKeys, ...Object.keys(recipeGroupFields(recipe))];
  const inner: Record<PropertyKey, readonly string[]> = { views: groupKeys, resolutions: resolutionKeys(groups) };
  const unknown = (key: string, at: readonly PropertyKey[]) => unknownKnob(inner[at[path.length]!] ?? keys)(key, at);
  const { data, problems } = check(schemaOf(recipe, groups), value, path, unknown);
  const all = [...problems, ...(isMapping(value) ? between(value, sources, path) : [])];
  if (data === null || recipe === undefined || all.length > 0) return { data: null, problems: all };
  const own = picked<Knobs>(data, knobNames);
  const listed = (data.views as readonly ViewSettings[] | undefined) ?? recipeSettings(recipe, data, own);
  const given = (data.resolutions ?? []) as readonly ResolutionSettings[];
  const atEach = given.length === 0 ? [listed] : given.map((each) => settingsAt(each, listed));
  const [settings] = atEach as [readonly ViewSettings[]];
  const knobs = { ...recipe.knobs, ...own };
  const image_size =
    data.image_size ?? settings[0]?.image_size ?? given[0]?.image_size ?? recipe.image_size ?? defaultImageSize;
  const isOfRecipe = data.views === undefined && listed.length > 0;
  const below = isOfRecipe ? recipe.knobs : knobs;
  const resolutions = resolveResolutions(given, listed, below, image_size);
  const more = [
    ...strayProblems(data, recipe, path),
    ...(atEach.map((each) => viewProblems(each, path, isOfRecipe, knobs.erasing)).find(({ length }) => length > 0) ??
      []),
    ...resolutionProblems(resolutions, [...path, 'resolutions']),
    ...sizeProblems(image_size, data.resize_size, path),
  ];
  if (more.length > 0) return { data: null, problems: more };
  const run: Run = {
    name,
    recipe: data.recipe,
    knobs,
    training: { ...recipe.training, ...picked<Training>(data, trainingNames) },
    sources: data.sources,
    sample_t: data.sample_t ?? 0,
    weights: data.weights ?? null,
    sampling: data.sampling ?? 'exact',
    split: data.split ?? 'train',
    evaluate: data.evaluate ?? data.split === 'val',
    labels: data.labels ?? 'joined',
    seed: data.seed ?? 0,
    views: resolveViews(settings, below),
    resolutions,
    share_color_jitter: data.share_color_jitter ?? recipe.share_color_jitter ?? false,
    image_size,
    resize_size: data.resize_size ?? image_size,
    global_batch: data.global_batch,
    on_corrupt: data.on_corrupt ?? 'substitute',
    max_corrupt: data.max_corrupt ?? 0.1,
    limits,
  };
  return { data: run, problems: [] };
}

/**
 * The groups of a recipe with what a run sets: for all of them by a knob's own name, for one by the group's name before it. The recipe
 * gives way to both.
 */
function recipeSettings(recipe: Recipe, data: object, own: Partial<Knobs>): readonly ViewSettings[] {
  return (recipe.views ?? []).map((group) => {
    const given = settingsOf(group).flatMap(([setting]) => {
      const key = groupKey(group.name, setting);
      return Object.hasOwn(data, key) ? [[setting, (data as Record<string, unknown>)[key]]] : [];
    });
    const { interpolation } = own;
    const shared = group.of === undefined ? own : interpolation === undefined ? {} : { interpolation };
    return { ...group, ...shared, ...Object.fromEntries(given) };
  });
}

function picked<T extends object>(data: object, names: readonly (keyof T)[]): Partial<T> {
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(data, name)).map((n) => [n, (data as T)[n]]),
  ) as Partial<T>;
}

/** What one field's schema cannot see: names of the config, and keys that must agree. It runs on values of any shape. */
function between(value: Record<string, unknown>, known: readonly string[], path: readonly PropertyKey[]): Problem[] {
  const problems: Problem[] = [];
  if (typeof value.recipe === 'string' && !recipes.some(({ name }) => name === value.recipe)) {
    problems.push(unknownRecipe(value.recipe, [...path, 'recipe']));
  }
  const sources = Array.isArray(value.sources) ? value.sources.filter((name) => typeof name === 'string') : [];
  for (const [index, name] of sources.entries()) {
    const at = [...path, 'sources', index];
    if (!known.includes(name)) {
      problems.push({
        reason: 'UNKNOWN_SOURCE',
        path: at,
        expected: `a source of the config in ${dotted([...path, 'sources'])}`,
        came: shown(name),
        remedy: suggestion(name, known),
      });
    } else if (sources.indexOf(name) !== index) {
      problems.push({
        reason: 'CONFIG_INVALID',
        path: at,
        expected: `every source once in ${dotted([...path, 'sources'])}`,
        came: `${shown(name)} twice`,
        remedy: 'Name it once, and give weights to change its share',
      });
    }
  }
  return [
    ...problems,

    ...weightProblems(value.weights, sources, [...path, 'weights']),
  ];
}

function sizeProblems(size: number, resized: number | undefined, path: readonly PropertyKey[]): Problem[] {
  if (resized === undefined || resized >= size) return [];
  const at = [...path, 'resize_size'];
  return [
    {
      reason: 'KNOB_OUT_OF_RANGE',
      path: at,
      expected: `a side of at least image_size, ${size}, for ${dotted(at)}, as the crop is cut out of it`,
      came: shown(resized),
      remedy: 'Raise resize_size, or lower image_size',
    },
  ];
}

/** Keys of a recipe's groups say nothing where a run lists groups of its own. */
function strayProblems(data: object, recipe: Recipe, path: readonly PropertyKey[]): Problem[] {
  const stray = Object.keys(recipeGroupFields(recipe)).filter((key) => 'views' in data && Object.hasOwn(data, key));
  return stray.map((key) => ({
    reason: 'CONFIG_INVALID',
    path: [...path, key],
    expected: `no key of a recipe's group beside ${dotted([...path, 'views'])}`,
    came: key,
    remedy: 'Set it in the group of views itself',
  }));
}

function weightProblems(weights: unknown, sources: readonly string[], path: readonly PropertyKey[]): Problem[] {
  if (!isMapping(weights) || sources.length === 0) return [];
  const problems: Problem[] = [];
  for (const name of Object.keys(weights).filter((key) => !sources.includes(key))) {
    problems.push({
      reason: 'CONFIG_INVALID',
      path: [...path, name],
      expected: `weights of the run's own sources in ${dotted(path)}`,
      came: shown(name),
      remedy: suggestion(name, [...new Set(sources)]),
    });
  }
  const missing = sources.filter((name) => !Object.hasOwn(weights, name));
  if (missing.length > 0) {
    problems.push({
      reason: 'CONFIG_INVALID',
      path,
      expected: `a weight for every source of the run in ${dotted(path)}`,
      came: `none for ${missing.join(', ')}`,
      remedy: 'Give each source a weight, or leave it out of sources',
    });
  }
  return problems;
}
