import { Command } from '@commander-js/extra-typings';
import { TributaryError } from '../errors.js';
import { findSource } from '../run/config.js';
import { type IndexReport, reportLines } from '../sources/index-report.js';
import { indexSource } from '../sources/index-source.js';
import type { Manifest } from '../sources/manifest/manifest.js';
import { openSource } from '../sources/open-source.js';
import { configOption, readConfig, splitOption } from './options.js';
import { ProgressLine } from './progress.js';

/** `index`: builds the manifests. */
export function indexCommand() {
  return new Command('index')
    .description('build the manifests of the sources that runs use')
    .addOption(configOption())
    .option('--source <name...>', 'only these sources')
    .addOption(splitOption('only this split, of every source: what requests may ask for beside the runs'))
    .option('--missing', 'only what has no manifest that fits the config')
    .option('--out <folder>', "where to write them instead of the config's index, which may lie in a store")
    .option('--strict', 'refuse to index a source of which samples are lost')
    .action(async ({ config: file, source: only, split: asked, missing, out, strict }) => {
      const config = await readConfig(file);
      for (const name of only ?? []) findSource(config, name);
      for (const { name, split } of usedSources(config, only, asked)) {
        if (missing && (await isIndexed({ ...findSource(config, name), split, indexFolder: config.index }))) {
          process.stdout.write(`${name} (${split}): indexed already\n`);
          continue;
        }
        const line = new ProgressLine(`${name} (${split})`);
        const { manifest, report } = await indexSource({
          ...findSource(config, name),
          split,
          strict,
          indexFolder: out ?? config.index,
          onProgress: ({ count, fraction, secondsLeft, rate }) =>
            line.text(
              `${count} samples, ${Math.round(rate)}/s, ${Math.round(100 * fraction)} % of what is known${left(secondsLeft)}`,
            ),
        });
        line.close(`done in ${report.seconds.toFixed(1)} s`);
        process.stdout.write(`${summary(`${name} (${split})`, manifest, report).join('\n  ')}\n`);
      }
    });
}

/** Whether a source has a manifest that fits the config. @throws TributaryError SOURCE_CHANGED where it was edited since. */
async function isIndexed(source: Parameters<typeof openSource>[0]): Promise<boolean> {
  try {
    await openSource(source);
    return true;
  } catch (error) {
    if (error instanceof TributaryError && error.reason === 'NOT_INDEXED') return false;
    throw error;
  }
}

function summary(what: string, { layout, classNames, fingerprint }: Manifest, report: IndexReport): string[] {
  const classes = classNames.length > 0 ? ` in ${classNames.length} classes` : '';
  const size = `${(report.bytes / 1e6).toFixed(1)} MB`;
  return [
    `${what}: ${report.count} samples${classes}, ${layout}, ${size}, fingerprint ${fingerprint.slice(0, 16)}`,
    ...reportLines(report, classes === '' ? 'shard' : 'class'),
  ];
}

function left(seconds: number | null): string {
  return seconds === null ? '' : `, ${Math.ceil(seconds)} s left`;
}

function usedSources(
  config: Awaited<ReturnType<typeof readConfig>>,
  only: string[] | undefined,
  asked: 'train' | 'val' | undefined,
): { name: string; split: 'train' | 'val' }[] {
  const wanted = Object.keys(config.sources).filter((name) => only === undefined || only.includes(name));
  if (asked !== undefined) return wanted.map((name) => ({ name, split: asked }));
  const used = new Map<string, { name: string; split: 'train' | 'val' }>();
  for (const { sources, split } of Object.values(config.runs))
    for (const name of sources) used.set(`${split} ${name}`, { name, split });
  // A source that no run uses is indexed for training, so that an inline run can use it.
  for (const name of Object.keys(config.sources))
    if (![...used.values()].some((use) => use.name === name)) used.set(`train ${name}`, { name, split: 'train' });
  return [...used.values()].filter(({ name }) => wanted.includes(name));
}
