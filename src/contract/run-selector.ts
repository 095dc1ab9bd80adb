import type { RunSelector as RunSelectorMessage } from '../../protos/generated/tributary/v1/RunSelector.js';
import { TributaryError } from '../errors.js';

/** Which run is meant: one of the config by its name, or the text of a whole one. As it stands it is the contract's message too. */
export type RunSelector = { readonly name: string } | { readonly inlineRun: string };

/**
 * What a request selects.
 *
 * @throws TributaryError ARGUMENT_INVALID where it selects nothing.
 */
export function readRunSelector(message: RunSelectorMessage | null | undefined): RunSelector {
  const { name, inlineRun } = message ?? {};
  if (inlineRun !== undefined) return { inlineRun };
  if (name !== undefined) return { name };
  throw new TributaryError('ARGUMENT_INVALID', {
    expected: 'a request that names a run or carries one',
    came: 'neither',
    remedy: "Set run.name to a run of the replica's config, or run.inline_run to the text of one",
  });
}
