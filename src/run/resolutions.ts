import { z } from 'zod';
import { isMapping, number } from './fields.js';
import { dotted, type Problem } from './problems.js';
import type { Knobs, Resolution, Run } from './run.js';
import { groupKey, side } from './view-schema.js';
import { onlyView, resolveViews, type ViewSettings } from './views.js';

/** A resolution as a config writes it: the sizes that it sets, and how often it comes. */
export type ResolutionSettings = Readonly<Record<string, number>>;

/** The keys of a resolution of a run with these groups: `image_size`, or `global_size`, `local_size`; and `weight`. */
export function resolutionKeys(groups: readonly string[]): readonly string[] {
  return [...sizeKeys(groups), 'weight'];
}

/** What `resolutions` of a run with these groups may be. */
export function resolutionsField(groups: readonly string[]) {
  const weight = number('a number above 0', (value) => value > 0).default(1);
  const sizes = Object.fromEntries(sizeKeys(groups).map((key) => [key, side.optional()]));
  const error = (issue: { readonly code?: string | undefined }) =>
    issue.code === 'invalid_type' ? 'a mapping of sizes' : undefined;
  return z
    .array(z.strictObject({ ...sizes, weight }, { error }), { error: 'a list of sizes' })
    .min(1, { error: 'at least one resolution' });
}

/** The names of a run's groups as its config gives them: those of its own list, or else of its recipe's. */
export function groupNames(value: unknown, ofRecipe: readonly ViewSettings[] = []): readonly string[] {
  const groups = isMapping(value) && Array.isArray(value.views) ? value.views : ofRecipe;
  const names = groups.map((group) => (isMapping(group) ? group.name : undefined));
  const known = names.filter((name) => typeof name === 'string');
  return known.length === 0 ? [onlyView] : known;
}

/** A run's groups at the sizes of one resolution; what that does not set stays. */
export function settingsAt(resolution: ResolutionSettings, settings: readonly ViewSettings[]): readonly ViewSettings[] {
  return settings.map((group) => ({ ...group, image_size: resolution[sizeKey(group.name)] ?? group.image_size }));
}

/** A run's resolutions. @param size of the images of one view that a resolution does not give a size. */
export function resolveResolutions(
  given: readonly ResolutionSettings[],
  settings: readonly ViewSettings[],
  knobs: Knobs,
  size: number,
): readonly Resolution[] {
  const one = [{ name: onlyView, image_size: size }];
  return given.map((each) => ({
    weight: each.weight!,
    views: resolveViews(settingsAt(each, settings.length === 0 ? one : settings), knobs),
  }));
}

/** What is wrong where resolutions do not have the same groups. */
export function resolutionProblems(resolutions: readonly Resolution[], path: readonly PropertyKey[]): Problem[] {
  const namesOf = ({ views }: Resolution) => views.map(({ name }) => name).join(', ');
  return resolutions.flatMap((each, number) => {
    const first = namesOf(resolutions[0]!);
    if (namesOf(each) === first) return [];
    const at = [...path, number];
    return {
      reason: 'CONFIG_INVALID',
      path: at,
      expected: `the groups of the first resolution, ${first}, for ${dotted(at)}`,
      came: namesOf(each),
      remedy: 'Give each group a size in all resolutions, or in none',
    };
  });
}

/** The resolutions of a run's steps as a config would write them; empty where all steps have the same sizes. */
export function sizesOfSteps({ resolutions, evaluate }: Pick<Run, 'resolutions' | 'evaluate'>): ResolutionSettings[] {
  if (evaluate) return [];
  return resolutions.map(({ weight, views }) => ({
    ...Object.fromEntries(views.map(({ name, size }) => [sizeKey(name), size])),
    weight,
  }));
}

function sizeKeys(groups: readonly string[]): readonly string[] {
  return groups.map(sizeKey);
}

function sizeKey(group: string): string {
  return groupKey(group, 'image_size');
}
