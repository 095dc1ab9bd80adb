import { LRUCache } from 'lru-cache';
import type { RunSelector } from '../../protos/generated/tributary/v1/RunSelector.js';
import { TributaryError } from '../errors.js';
import { type Config, findRun, findSource, parseInlineRun, type SourceConfig } from '../run/config.js';
import type { Run } from '../run/run.js';
import type { Manifest } from '../sources/manifest/manifest.js';
import { type OpenRun, openRun } from './open-run.js';

/** Opens the manifest of a source's split. */
export type OpenManifest = (source: SourceConfig, split: 'train' | 'val') => Promise<Manifest>;

/** Inline runs that stay open. */
const inlineRunsKept = 32;

/** The runs of a config, opened when they are first asked for, with each manifest opened once. */
export class OpenRuns {
  readonly config: Config;
  readonly #openManifest: OpenManifest;
  readonly #manifests = new Map<string, Promise<Manifest>>();
  readonly #named = new Map<string, Promise<OpenRun>>();
  readonly #inline = new LRUCache<string, Promise<OpenRun>>({ max: inlineRunsKept });

  constructor(config: Config, openManifest: OpenManifest) {
    this.config = config;
    this.#openManifest = openManifest;
  }

  /**
   * The run that a request selects. A failure is not kept: the next request tries again.
   *
   * @throws TributaryError ARGUMENT_INVALID where it selects nothing.
   */
  async open(selector: RunSelector | null): Promise<OpenRun> {
    const { name, inlineRun } = selector ?? {};
    const variant = variantOf(selector);
    const key = `${variant.split} ${variant.evaluate} ${inlineRun ?? name}`;
    if (inlineRun !== undefined)
      return kept<OpenRun>(this.#inline, key, () => this.#openVariant(parseInlineRun(inlineRun, this.config), variant));
    if (name !== undefined) {
      const run = findRun(this.config, name);
      return kept(this.#named, key, () => this.#openVariant(run, variant));
    }
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: 'a request that names a run or carries one',
      came: 'neither',
      remedy: "Set run.name to a run of the replica's config, or run.inline_run to the text of one",
    });
  }

  /** Opens every run of the config, so that what is wrong with any is said at the start. */
  async openAll(): Promise<OpenRun[]> {
    const opened: OpenRun[] = [];
    for (const name of Object.keys(this.config.runs)) opened.push(await this.open({ name }));
    return opened;
  }

  async #openVariant(run: Run, { split = run.split, evaluate }: Variant): Promise<OpenRun> {
    const own = await this.#manifestsOf(run);
    if (split === run.split) return openRun({ ...run, evaluate: evaluate ?? run.evaluate }, own);
    const other = { ...run, split, evaluate: evaluate ?? split === 'val' };
    return openRun(other, await this.#manifestsOf(other), own);
  }

  #manifestsOf({ sources, split }: Run): Promise<Manifest[]> {
    const opened = sources.map((name) =>
      kept(this.#manifests, `${split} ${name}`, () => this.#openManifest(findSource(this.config, name), split)),
    );
    return Promise.all(opened);
  }
}

/** What a request asks of a run beside its own: another split, or every sample once as evaluation has it. */
interface Variant {
  readonly split: Run['split'] | undefined;
  readonly evaluate: boolean | undefined;
}

function variantOf(selector: RunSelector | null): Variant {
  const { split = '', evaluate } = selector ?? {};
  if (split === '' || split === 'train' || split === 'val')
    return { split: split === '' ? undefined : split, evaluate };
  throw new TributaryError('ARGUMENT_INVALID', {
    expected: "train or val for run.split, or nothing for the run's own",
    came: JSON.stringify(split.slice(0, 80)),
    remedy: 'Set run.split to train or val, or leave it out',
  });
}

/** Promises by name: a map, or one that bounds itself. */
interface Kept<T> {
  get(key: string): Promise<T> | undefined;
  set(key: string, opened: Promise<T>): unknown;
  delete(key: string): boolean;
}

async function kept<T>(open: Kept<T>, key: string, make: () => Promise<T>): Promise<T> {
  const found = open.get(key);
  if (found !== undefined) return found;
  const made = make();
  open.set(key, made);
  made.catch(() => {
    if (open.get(key) === made) open.delete(key);
  });
  return made;
}
