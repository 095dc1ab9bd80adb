import type { Config } from '../run/config.js';
import type { OpenManifest } from '../runs/open-runs.js';
import { OpenRuns } from '../runs/open-runs.js';
import { openOrIndexSource, openSource } from '../sources/open-source.js';

/** The runs of a config; a source without a manifest is refused with the command that builds it. */
export function indexedRuns(config: Config): OpenRuns {
  return new OpenRuns(config, openWith(config, openSource));
}

/** The runs of a config; a source without a manifest is indexed on the way, which only small sources should be. */
export function runsIndexedOnTheWay(config: Config): OpenRuns {
  return new OpenRuns(config, openWith(config, openOrIndexSource));
}

function openWith(config: Config, open: typeof openSource): OpenManifest {
  return (source, split) =>
    open({
      name: source.name,
      path: source.path,
      ...(source.layout === null ? {} : { layout: source.layout }),
      split,
      indexFolder: config.index,
    });
}
