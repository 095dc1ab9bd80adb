import { createHash, type Hash } from 'node:crypto';
import { defaultOptions } from '../client/behaviour.js';
import { Loader } from '../client/loader.js';
import type { ReceivedBatch } from '../client/receive.js';
import { Schedule } from '../client/schedule-client.js';
import { train } from '../client/trainer.js';
import type { Wait } from '../client/waiting.js';
import { batchName } from './batch-files.js';
import { connectingCommand, connection } from './connecting.js';
import { hex } from './fetch.js';
import { onInterrupt } from './interrupt.js';
import { positiveInteger } from './options.js';
import { writeOutput } from './output.js';
import { ProgressLine } from './progress.js';

/** `train`: a trainer without a model. It does all that a trainer does with batches and schedule, but the gradient. */
export function trainCommand() {
  return connectingCommand('train')
    .description('stream a run as a trainer does, and show rate, mix, weight decay and digests')
    .requiredOption('--schedule <host:port>', 'where the schedule endpoint listens')
    .option('--epochs <n>', 'epochs; the run has its own number', positiveInteger)
    .option('--cursor <cursor>', 'where to go on, from the header of the last batch')
    .option('--cursor-file <file>', 'write the cursor here after every batch')
    .option('--lanes <n>', 'streams at a time; as many as it takes where not given', positiveInteger)
    .option('--batches', 'print a line for every batch: its address, CRC-32 and replica')
    .action(async (flags) => {
      const onWait = ({ seconds, wanted }: Wait): void =>
        void process.stderr.write(`tributary: waiting for ${seconds.toFixed(0)} s: ${wanted}\n`);
      const lanes = flags.lanes ?? defaultOptions.lanes;
      const connected = { ...(await connection(flags)), onWait };
      const loader = await Loader.connect({ ...connected, lanes });
      const schedule = await Schedule.connect({ ...connected, address: flags.schedule });
      const groups = [
        { name: 'weights', weight_decay: 1 },
        { name: 'norms and biases', weight_decay: 0 },
      ];
      let epoch: EpochTally | null = null;
      let cursor = flags.cursor;
      onInterrupt(() => (cursor === undefined ? '' : `; go on with --cursor ${cursor}`));
      try {
        await train(
          loader,
          schedule,
          {
            groups,
            onEpoch(number, weightDecay, { stepsPerEpoch }) {
              epoch?.end();
              epoch = new EpochTally(number, weightDecay, stepsPerEpoch);
            },
            onBatch(batch) {
              epoch!.add(batch);
              if (flags.batches)
                process.stdout.write(`${batchName(batch.address)} ${hex(batch.crc32)} ${batch.peer}\n`);
              cursor = batch.header.nextCursor;
              if (flags.cursorFile !== undefined) writeOutput(flags.cursorFile, cursor);
            },
          },
          { cursor: flags.cursor, epochs: flags.epochs },
        );
        const last = epoch as EpochTally | null;
        last?.end();
        if (last === null) return void process.stdout.write('the run is over: nothing is left to stream\n');
        for (const { name, weight_decay } of groups)
          process.stdout.write(`weight decay of ${name} at the end: ${weight_decay}\n`);
      } finally {
        loader.close();
        schedule.close();
      }
    });
}

/** What a trainer saw of an epoch. */
class EpochTally {
  readonly #epoch: number;
  readonly #weightDecay: number;
  readonly #steps: number;
  readonly #line: ProgressLine;
  readonly #start = performance.now();
  readonly #digest: Hash = createHash('sha256');
  readonly #mix = new Map<string, number>();
  #images = 0;
  #batches = 0;
  #substituted = 0;

  constructor(epoch: number, weightDecay: number, steps: number) {
    this.#epoch = epoch;
    this.#weightDecay = weightDecay;
    this.#steps = steps;
    this.#line = new ProgressLine(`epoch ${epoch}`);
  }

  add({ address: { step }, header: { samples }, data }: ReceivedBatch): void {
    this.#digest.update(data);
    this.#batches++;
    this.#images += samples.length;
    for (const { source, status } of samples) {
      this.#mix.set(source, (this.#mix.get(source) ?? 0) + 1);
      if (status === 'SAMPLE_STATUS_SUBSTITUTED') this.#substituted++;
    }
    this.#line.show(step + 1, this.#steps, this.#rate());
  }

  end(): void {
    this.#line.end(this.#steps, this.#steps, this.#rate());
    const mix = [...this.#mix]
      .sort()
      .map(([source, count]) => `${source} ${((100 * count) / this.#images).toFixed(1)} %`);
    process.stdout.write(
      [
        `epoch ${this.#epoch}: weight decay ${this.#weightDecay}`,
        `${this.#batches} batches, ${this.#images} images, ${this.#rate()}`,
        `mix ${mix.join(', ')}`,
        ...(this.#substituted === 0 ? [] : [`${this.#substituted} substituted`]),
        `digest ${this.#digest.digest('hex')}`,
      ]
        .join('\n  ')
        .concat('\n'),
    );
  }

  #rate(): string {
    return `${(this.#images / Math.max((performance.now() - this.#start) / 1000, 0.001)).toFixed(0)} images/s`;
  }
}
