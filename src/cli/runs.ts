import type { Config } from '../run/config.js';
import { OpenRuns } from '../runs/open-runs.js';
import { openSource } from '../sources/open-source.js';

/**
 * The runs of a config.
 *
 * @param open what is done with a source: one without a manifest is refused with the command that builds it, or, with
 *   `openOrIndexSource`, indexed on the way, which only small sources should be.
 * @param mayCarry whether requests may carry runs, where the config does not say.
 */
export function indexedRuns(config: Config, open = openSource, mayCarry = true): OpenRuns {
  return new OpenRuns(config, (source, split) => open({ ...source, split, indexFolder: config.index }), mayCarry);
}
