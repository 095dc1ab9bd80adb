import type { Command } from 'commander';
import { positiveInteger, seconds, wholeNumber } from './options.js';

/** The options of whoever asks replicas. */
export interface ConnectFlags {
  readonly address: string;
  readonly run: string;
  readonly rank: number;
  readonly worldSize: number;
  readonly patience: number;
}

/** Adds the options of whoever asks replicas for batches of a run. */
export function withConnection(command: Command): Command {
  return command
    .requiredOption(
      '--address <host:port,...>',
      "where replicas listen: one or more, or gRPC's own form (dns:///loader:50051)",
    )
    .requiredOption('--run <name>', 'a run of the config')
    .option('--rank <r>', 'the rank', wholeNumber, 0)
    .option('--world-size <w>', 'the number of ranks', positiveInteger, 1)
    .option('--patience <seconds>', 'longest time without any progress', seconds, 60);
}

/** The same, as the client takes them. */
export function connection({ address, run, rank, worldSize, patience }: ConnectFlags) {
  return { address, run: { name: run }, rank, worldSize, patience };
}
