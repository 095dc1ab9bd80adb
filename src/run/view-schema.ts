import { z } from 'zod';
import { integer, number, pair } from './fields.js';
import { knobFields } from './knobs.js';
import { dotted, type Problem, shown } from './problems.js';
import type { Knobs } from './run.js';
import { countOf, isList, mostViews, onlyView, perView, type ViewSettings } from './views.js';

/** The side of a view, in pixels. */
export const side = integer(9, 4096);
const count = integer(0, mostViews);

/** A knob of a group: one value for all its views, or, of a probability, one for each. */
function groupKnob(knob: keyof Knobs): z.ZodType {
  const field: z.ZodType = knobFields[knob];
  if (!(perView as readonly string[]).includes(knob)) return field;
  return z.union([field, z.array(field)], { error: 'a probability in [0, 1], or a list of one for each view' });
}

// Views are not erased: a batch's header has one box for each sample.
const knobs = (Object.keys(knobFields) as (keyof Knobs)[]).filter((knob) => knob !== 'erasing');
const groupKnobs = Object.fromEntries(knobs.map((knob) => [knob, groupKnob(knob)]));

const share = number('a number in [0, 1]', (value) => value >= 0 && value <= 1);

/** What iBOT hides of a group; DINOv3's values where they are not given. */
const masks = z
  .strictObject(
    {
      patch: integer(1, 4096),
      probability: share.default(0.5),
      ratio: pair(1).default([0.1, 0.5]),
      aspect: number('a number above 0, at most 1', (value) => value > 0 && value <= 1).default(0.3),
    },
    { error: (issue) => (issue.code === 'invalid_type' ? 'a mapping with the side of a patch' : undefined) },
  )
  .nullable();

/** What a group of `views` may have. */
export const groupFields = {
  name: z.string({ error: 'a name of the group' }).regex(/^[a-z]([a-z_]{0,30}[a-z])?$/, {
    error: 'a name of at most 32 small letters and underscores that starts and ends with a letter',
  }),
  of: z.string({ error: 'the name of another group' }).optional(),
  count: count.optional(),
  image_size: side,
  masks: masks.optional(),
  ...z.object(groupKnobs).partial().shape,
};

/** The keys of a group, in the order of docs/views.md. */
export const groupKeys: readonly string[] = Object.keys(groupFields);

const sizes = [
  ['image_size', side.nullable()],
  ['count', count],
] as const;

/** What a run may set of a recipe's group. */
export function settingsOf({ of }: ViewSettings): readonly (readonly [setting: string, field: z.ZodType])[] {
  return of === undefined ? [...sizes, ['masks', masks], ...Object.entries(groupKnobs)] : sizes;
}

/** The key by which a run sets something of a recipe's group: `global_size`, `local_scale`. */
export function groupKey(group: string, setting: string): string {
  return `${group}_${setting === 'image_size' ? 'size' : setting}`;
}

/**
 * What is wrong among groups that are each as they should be.
 *
 * @param isRecipe whether they are a recipe's, of which a run sets single keys, or the run's own list.
 * @param erasing the run's, which several views do not have.
 */
export function viewProblems(
  settings: readonly ViewSettings[],
  path: readonly PropertyKey[],
  isRecipe: boolean,
  erasing: number,
): Problem[] {
  const there = settings.filter((group) => group.image_size !== null && countOf(group, settings) > 0);
  const at = (group: ViewSettings, setting: string) =>
    isRecipe
      ? [...path, groupKey(group.name, setting)]
      : [...path, 'views', settings.indexOf(group), ...(setting === '' ? [] : [setting])];
  const problem = (where: readonly PropertyKey[], expected: string, came: string, remedy: string): Problem => ({
    ...{ reason: 'CONFIG_INVALID', path: where, came, remedy },
    expected: `${expected} for ${dotted(where)}`,
  });
  if (settings.length > 0 && there.length === 0)
    return [problem([...path, 'views'], 'at least one group with a view', 'none', 'Give a group a size and a count')];
  const views = there.reduce((sum, group) => sum + countOf(group, settings), 0);
  const problems: Problem[] = [];
  if (there.length > 0 && erasing > 0)
    problems.push(problem([...path, 'erasing'], '0, as views are not erased,', `${erasing}`, 'Set erasing to 0'));
  if (views > mostViews)
    problems.push(problem([...path, 'views'], `at most ${mostViews} views of a sample`, `${views}`, 'Lower a count'));
  for (const group of there) {
    const { name, of } = group;
    if (settings.find((other) => other.name === name) !== group)
      problems.push(problem(at(group, 'name'), 'a name of its own', shown(name), 'Rename it'));
    const counted = countOf(group, settings);
    for (const [knob, value] of Object.entries(group))
      if (isList(knob, value) && value.length !== counted)
        problems.push(
          problem(at(group, knob), `a list of ${counted}, one for each view`, `${value.length}`, `Set ${counted}`),
        );
    if (group.masks && group.masks.patch > group.image_size! / 2)
      problems.push(
        problem(
          at(group, 'masks'),
          `a patch of at most half of ${group.image_size} pixels`,
          `${group.masks.patch}`,
          'Lower it',
        ),
      );
    if (of === undefined) continue;
    const other = there.find((candidate) => candidate.name === of);
    if (other === undefined || other.of !== undefined)
      problems.push(
        problem(at(group, 'of'), 'a group with crops of its own', shown(of), 'Name another group of these views'),
      );
    else if (counted > countOf(other, settings))
      problems.push(
        problem(at(group, 'count'), `at most the ${countOf(other, settings)} of ${of}`, `${counted}`, 'Lower it'),
      );
    const own = Object.keys(group).filter(
      (key) => !['name', 'of', 'count', 'image_size', 'interpolation'].includes(key),
    );
    if (!isRecipe && own.length > 0)
      problems.push(
        problem(at(group, own[0]!), `no ${own[0]!} in a group of another's crops`, 'one', `Set it for ${of}`),
      );
  }
  if (there.some(({ name }) => name === onlyView) && there.length > 1)
    problems.push(
      problem([...path, 'views'], `another name than ${onlyView} among several groups`, onlyView, 'Rename it'),
    );
  return problems;
}
