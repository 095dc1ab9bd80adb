import { Command } from '@commander-js/extra-typings';
import { evaluateOption, positiveInteger, seconds, selected, splitOption, wholeNumber } from './options.js';

/** A command with the options of whoever asks replicas for batches of a run. */
export function connectingCommand(name: string) {
  return new Command(name)
    .requiredOption(
      '--address <host:port[,...]>',
      "where replicas listen: one or more, or gRPC's own form (dns:///loader:50051)",
    )
    .requiredOption('--run <name>', 'a run of the config')
    .addOption(splitOption())
    .addOption(evaluateOption())
    .option('--rank <r>', 'the rank', wholeNumber, 0)
    .option('--world-size <w>', 'the number of ranks', positiveInteger, 1)
    .option('--patience <seconds>', 'longest time without any progress', seconds, 60);
}

/** What these options say, as the client takes it. */
export function connection(flags: ReturnType<ReturnType<typeof connectingCommand>['opts']>) {
  const { address, rank, worldSize, patience } = flags;
  return { address, run: selected(flags), rank, worldSize, patience };
}
