/**
 * A trainer as a process of its own: `trainer.js OPTIONS`, with the loader's options as JSON, the authority of its replicas' certificates, and a token's file. Each line of its input is
 * answered by one of its output: `epoch E [S]` begins an epoch at a step, `next` takes its next batch.
 */
import { createInterface } from 'node:readline';
import { crc32 } from 'node:zlib';
import { Loader, type LoaderOptions } from '../../src/client/loader.js';
import type { ReceivedBatch } from '../../src/client/receive.js';
import { tlsCredentials } from '../../src/client/tls.js';
import { TributaryError } from '../../src/errors.js';

type Given = Omit<LoaderOptions, 'run' | 'credentials'> & { run: string; authority?: string; tokenFile?: string };
const { run, authority, tokenFile, ...options } = JSON.parse(process.argv[2]!) as Given;
const secured = authority === undefined ? {} : { credentials: await tlsCredentials({ authority, tokenFile }) };
const loader = await Loader.connect({ ...options, ...secured, run: { name: run } });
let batches = noBatches();
for await (const line of createInterface({ input: process.stdin })) {
  try {
    console.log(JSON.stringify(await answer(line.split(' '))));
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error;
    console.log(JSON.stringify({ error: error.reason, message: error.message }));
  }
}
await batches.return(undefined);
loader.close();

async function* noBatches(): AsyncGenerator<ReceivedBatch> {}

async function answer([command, epoch, step = '0']: string[]): Promise<object> {
  if (command === 'epoch') {
    await batches.return(undefined);
    batches = loader.batches(Number(epoch), Number(step));
    return { begun: Number(epoch) };
  }
  const { value, done } = await batches.next();
  if (done) return { end: true };
  const { header, data, peer } = value;
  const size = data.length / header.samples.length;
  return {
    step: header.step,
    crc32: value.crc32,
    peer,
    samples: header.samples.map(
      ({ source, key, seed }, slot) =>
        `${source} ${key} ${seed} ${crc32(data.subarray(slot * size, (slot + 1) * size))}`,
    ),
  };
}
