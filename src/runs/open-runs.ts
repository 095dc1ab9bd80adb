import { LRUCache } from 'lru-cache';
import type { RunSelector } from '../../protos/generated/tributary/v1/RunSelector.js';
import { TributaryError } from '../errors.js';
import { type Config, findRun, findSource, type SourceConfig } from '../run/config.js';
import type { Run } from '../run/run.js';
import type { Manifest } from '../sources/manifest/manifest.js';
import { InlineReader } from './inline-reader.js';
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
  readonly #reader: InlineReader;
  readonly #mayCarry: boolean;
  readonly #named = new Map<string, Promise<OpenRun>>();
  readonly #inline = new LRUCache<string, Promise<OpenRun>>({ max: inlineRunsKept });

  /** @param mayCarry whether requests may carry runs, where the config does not say. */
  constructor(config: Config, openManifest: OpenManifest, mayCarry = true) {
    this.config = config;
    this.#openManifest = openManifest;
    this.#reader = new InlineReader(config);
    this.#mayCarry = config.inlineRuns ?? mayCarry;
  }

  /**
   * The run that a request selects. A failure is not kept: the next request tries again.
   *
   * @throws TributaryError ARGUMENT_INVALID where it selects nothing, NOT_ALLOWED where it carries a run and may not.
   */
  async open(selector: RunSelector | null): Promise<OpenRun> {
    const { name, inlineRun } = selector ?? {};
    const view = viewOf(selector);
    const key = `${view.split} ${view.evaluate} ${inlineRun ?? name}`;
    if (inlineRun !== undefined) {
      if (!this.#mayCarry) throw notAllowed();
      return kept<OpenRun>(this.#inline, key, async () => this.#openView(await this.#reader.read(inlineRun), view));
    }
    if (name !== undefined) {
      const run = findRun(this.config, name);
      return kept(this.#named, key, () => this.#openView(run, view));
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

  async #openView(run: Run, { split = run.split, evaluate }: View): Promise<OpenRun> {
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

function notAllowed(): TributaryError {
  return new TributaryError('NOT_ALLOWED', {
    expected: 'a request that names a run',
    came: 'one that carries a run, which this server does not take from other machines',
    remedy:
      'Put the run into the config and ask for it by name, or set inline_runs to true in the config of the server',
  });
}

/** What a request asks of a run beside its own: another split, or every sample once as evaluation has it. */
interface View {
  readonly split: Run['split'] | undefined;
  readonly evaluate: boolean | undefined;
}

function viewOf(selector: RunSelector | null): View {
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
