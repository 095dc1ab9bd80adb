import { Option } from '@commander-js/extra-typings';
import { Loader } from '../client/loader.js';
import { writeBatch } from './batch-files.js';
import { connectingCommand, connection } from './connecting.js';
import { positiveInteger, wholeNumber } from './options.js';

/** `fetch`: writes batches to files, as they were streamed. */
export function fetchCommand() {
  return connectingCommand('fetch')
    .description('fetch batches from replicas and write each as .npy and .json')
    .requiredOption('--epoch <e>', 'the epoch', wholeNumber)
    .requiredOption('--step <s>', 'the first step', wholeNumber)
    .option('--steps <k>', 'the number of steps', positiveInteger, 1)
    .addOption(
      new Option('--data-type <type>', 'type of the values')
        .choices(['uint8', 'float32', 'float16', 'bfloat16'] as const)
        .default('uint8' as const),
    )
    .addOption(
      new Option('--layout <layout>', 'order of the axes').choices(['nhwc', 'nchw'] as const).default('nhwc' as const),
    )
    .addOption(
      new Option('--view-order <order>', 'order of several views in their tensors')
        .choices(['view-major', 'sample-major'] as const)
        .default('view-major' as const),
    )
    .option('--drawn', 'put the drawn parameters into the header')
    .option('--text', 'put the text and JSON beside tar members into the header')
    .requiredOption('--out <folder>', 'where to write')
    .action(async (flags) => {
      const loader = await Loader.connect({
        ...(await connection(flags)),
        dataType: `DATA_TYPE_${flags.dataType.toUpperCase() as Uppercase<typeof flags.dataType>}`,
        layout: `LAYOUT_${flags.layout.toUpperCase() as Uppercase<typeof flags.layout>}`,
        viewOrder: flags.viewOrder === 'sample-major' ? 'VIEW_ORDER_SAMPLE_MAJOR' : 'VIEW_ORDER_VIEW_MAJOR',
        withDrawn: flags.drawn === true,
        withText: flags.text === true,
      });
      try {
        for await (const batch of loader.batches(flags.epoch, flags.step, flags.steps)) {
          const paths = await writeBatch(flags.out, batch);
          for (const [i, { shape }] of Object.values(batch.views).entries())
            process.stdout.write(`${paths[i]} ${shape.join('x')} crc32 ${hex(batch.crc32)} from ${batch.peer}\n`);
        }
      } finally {
        loader.close();
      }
    });
}

/** A CRC-32 as people write it. */
export function hex(crc32: number): string {
  return crc32.toString(16).padStart(8, '0');
}
