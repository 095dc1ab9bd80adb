import { Command, CommanderError } from '@commander-js/extra-typings';
import { TributaryError } from '../errors.js';
import { version } from '../run/version.js';
import { augmentCommand } from './augment.js';
import { benchCommand } from './bench.js';
import { diffCommand } from './diff.js';
import { fetchCommand } from './fetch.js';
import { findCommand } from './find.js';
import { healthCommand } from './health.js';
import { indexCommand } from './index-command.js';
import { endOnInterrupt } from './interrupt.js';
import { mixtureCommand } from './mixture.js';
import { planCommand } from './plan.js';
import { previewCommand } from './preview.js';
import { replayCommand } from './replay.js';
import { scheduleCommand } from './schedule.js';
import { serveCommand } from './serve.js';
import { trainCommand } from './train.js';

/** Every command, in the order of the help. */
const commands = [
  serveCommand,
  scheduleCommand,
  indexCommand,
  planCommand,
  fetchCommand,
  replayCommand,
  trainCommand,
  augmentCommand,
  previewCommand,
  findCommand,
  mixtureCommand,
  diffCommand,
  benchCommand,
  healthCommand,
];

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
  for (const command of commands) {
    const made = command();
    program.addCommand(made.exitOverride().configureOutput({ outputError: onOneLine(`tributary ${made.name()}`) }));
  }
  endOnInterrupt();
  // A reader that leaves, as `head` does, is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  try {
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
}
