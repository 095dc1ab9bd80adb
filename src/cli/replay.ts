import { Loader } from '../client/loader.js';
import type { ReceivedBatch } from '../client/receive.js';
import { TributaryError } from '../errors.js';
import { type HeaderFile, readHeader, writeBatch } from './batch-files.js';
import { securedCommand, security } from './connecting.js';
import { hex } from './fetch.js';
import { seconds, selected } from './options.js';

/** `replay`: asks for a batch again by its header alone, and says whether the bytes agree. */
export function replayCommand() {
  return securedCommand('replay')
    .description("fetch a batch again by its header, from any replica, and compare the bytes' CRC-32")
    .argument('<header.json>', 'the header of a fetched batch')
    .requiredOption('--address <host:port[,...]>', 'where replicas listen')
    .option('--out <folder>', 'write the batch again as well')
    .option('--patience <seconds>', 'longest time without any progress', seconds, 60)
    .action(async (file, flags) => {
      const header = await readHeader(file);
      const loader = await Loader.connect({
        address: flags.address,
        run: selected(header),
        rank: header.address.rank,
        worldSize: header.address.world_size,
        dataType: header.data_type,
        layout: header.layout,
        viewOrder: header.view_order,
        fingerprint: header.fingerprint,
        patience: flags.patience,
        ...(await security(flags)),
      });
      try {
        for await (const batch of loader.batches(header.address.epoch, header.address.step, 1)) {
          if (flags.out !== undefined) await writeBatch(flags.out, batch);
          if (batch.crc32 !== header.crc32) throw differs(file, header, batch);
          process.stdout.write(`the bytes agree: crc32 ${hex(batch.crc32)} from ${batch.peer}\n`);
        }
      } finally {
        loader.close();
      }
    });
}

function differs(file: string, header: HeaderFile, { header: again, crc32, peer }: ReceivedBatch): TributaryError {
  const slots = again.samples.flatMap(({ source, key, corruptKeys, corruptReasons }, slot) => {
    const before = header.samples[slot];
    if (before?.source === source && before.key === key) return [];
    const why = corruptKeys.map((corrupt, i) => `${corrupt}: ${corruptReasons[i]}`).join(', ');
    return [`slot ${slot} holds ${key} in place of ${before?.key}${why === '' ? '' : ` (${why})`}`];
  });
  return new TributaryError('REPLAY_DIFFERS', {
    expected: `the bytes of ${file}, crc32 ${hex(header.crc32)}`,
    came: [`crc32 ${hex(crc32)} from ${peer}`, ...slots].join('; '),
    remedy:
      slots.length > 0
        ? 'Restore these files as they were when the batch was first fetched'
        : "Compare the replicas' versions; if they are the same, one of the machines computes wrongly",
    metadata: { expected: hex(header.crc32), came: hex(crc32), peer },
  });
}
