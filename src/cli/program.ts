import { Command, CommanderError } from '@commander-js/extra-typings';
import { TributaryError } from '../errors.js';
import { version } from '../run/version.js';
import { readEnvironment } from './environment.js';
import { endOnInterrupt } from './interrupt.js';

/**
 * Every command, in the order of the help. One is imported when it is asked for: a health check that runs every few seconds
 * must not load what a replica needs.
 */
const commands = {
  serve: async () => (await import('./serve.js')).serveCommand(),
  schedule: async () => (await import('./schedule.js')).scheduleCommand(),
  index: async () => (await import('./index-command.js')).indexCommand(),
  plan: async () => (await import('./plan.js')).planCommand(),
  fetch: async () => (await import('./fetch.js')).fetchCommand(),
  replay: async () => (await import('./replay.js')).replayCommand(),
  train: async () => (await import('./train.js')).trainCommand(),
  augment: async () => (await import('./augment.js')).augmentCommand(),
  preview: async () => (await import('./preview.js')).previewCommand(),
  find: async () => (await import('./find.js')).findCommand(),
  mixture: async () => (await import('./mixture.js')).mixtureCommand(),
  diff: async () => (await import('./diff.js')).diffCommand(),
  bench: async () => (await import('./bench.js')).benchCommand(),
  health: async () => (await import('./health.js')).healthCommand(),
} satisfies Record<string, () => Promise<object>>;

/** The command that is asked for; all where it is none of them, as for the help or a name that is nearly one. */
async function asked(name: string | undefined) {
  const named = Object.entries(commands).filter(([known]) => known === name);
  return Promise.all(
    (named.length > 0 ? named.map(([, load]) => load) : Object.values(commands)).map((load) => load()),
  );
}

/**
 * Worker threads, the system's own programs and relative paths all need the folder in which a process was started.
 * @throws TributaryError ARGUMENT_INVALID where it is gone.
 */
function checkFolder(): void {
  try {
    process.cwd();
  } catch (error) {
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: 'to run in a folder that exists',
      came: 'one that has been removed, or that this process may not see',
      remedy: 'Change to another folder (cd /) and start again',
      cause: error,
    });
  }
}

/** Exit codes: 0 done, 1 it failed while it ran, 2 what was asked cannot be, 130 interrupted. */
const exitCodes: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 2,
  NOT_FOUND: 2,
  OUT_OF_RANGE: 2,
  FAILED_PRECONDITION: 2,
};

/** Writes what is wrong with the arguments as every other error is written. */
function onOneLine(command: string): (text: string, write: (line: string) => void) => void {
  return (text, write) => {
    const said = text
      .replace(/^error: /, '')
      .trim()
      .replaceAll(/\s*\n\s*/g, ' ');
    write(`tributary: ${said} (see ${command} --help)\n`);
  };
}

/** Runs the command line: one line on standard error and a non-zero exit for whatever goes wrong. */
export async function run(argv: readonly string[]): Promise<void> {
  const program = new Command('tributary')
    .description('A streaming image data loader: seven sources, one deterministic stream')
    .version(version)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: onOneLine('tributary') });
  endOnInterrupt();
  // A reader that leaves, as `head` does, is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  try {
    checkFolder();
    for (const made of await asked(argv[2])) {
      readEnvironment(made);
      program.addCommand(made.exitOverride().configureOutput({ outputError: onOneLine(`tributary ${made.name()}`) }));
    }
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else if (error instanceof TributaryError) {
      process.stderr.write(`tributary: ${error.message} [${error.reason}]\n`);
      process.exitCode = exitCodes[error.code] ?? 1;
    } else {
      process.stderr.write(`tributary: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      process.exitCode = 1;
    }
  }
  // The channel to whoever started this process as one of several would keep it.
  if (process.connected) process.exit();
}
