import { Command } from 'commander';
import { Loader } from '../client/loader.js';
import { TributaryError } from '../errors.js';
import { readHeader, writeBatch } from './batch-files.js';
import { hex } from './fetch.js';

/** `replay`: asks for a batch again by its header alone, and says whether the bytes agree. */
export function replayCommand(): Command {
  return new Command('replay')
    .description("fetch a batch again by its header, from any replica, and compare the bytes' CRC-32")
    .argument('<header.json>', 'the header of a fetched batch')
    .requiredOption('--address <host:port,...>', 'where replicas listen')
    .option('--out <folder>', 'write the batch again as well')
    .option('--patience <seconds>', 'longest time without any progress', Number, 60)
    .action(async (file: string, flags: { address: string; out?: string; patience: number }) => {
      const header = await readHeader(file);
      const loader = await Loader.connect({
        address: flags.address,
        run: { run: 'name', name: header.run },
        rank: header.rank,
        worldSize: header.world_size,
        dataType: header.data_type,
        layout: header.layout,
        fingerprint: header.fingerprint,
        patience: flags.patience * 1000,
      });
      try {
        for await (const batch of loader.batches(header.epoch, header.step, 1)) {
          if (flags.out !== undefined) await writeBatch(flags.out, batch);
          if (batch.crc32 !== header.crc32) throw differs(file, header.crc32, batch.crc32, batch.peer);
          process.stdout.write(`the bytes agree: crc32 ${hex(batch.crc32)} from ${batch.peer}\n`);
        }
      } finally {
        loader.close();
      }
    });
}

function differs(file: string, expected: number, came: number, peer: string): TributaryError {
  return new TributaryError('REPLAY_DIFFERS', {
    expected: `the bytes of ${file}, crc32 ${hex(expected)}`,
    came: `crc32 ${hex(came)} from ${peer}`,
    remedy: "Compare the replicas' versions; if they are the same, one of the machines computes wrongly",
    metadata: { expected: hex(expected), came: hex(came), peer },
  });
}
