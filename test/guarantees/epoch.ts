import { get } from 'node:http';
import type { TestContext } from 'node:test';
import { Loader, type LoaderOptions } from '../../src/client/loader.js';
import type { ReceivedBatch } from '../../src/client/receive.js';
import type { ServerProcess } from '../fleet.js';

/** A loader on these replicas, closed with the test. */
export async function loaderOn(
  t: TestContext,
  replicas: readonly ServerProcess[],
  run: string,
  options: Partial<LoaderOptions> = {},
): Promise<Loader> {
  const address = replicas.map((replica) => replica.address).join(',');
  const loader = await Loader.connect({ address, run: { name: run }, patience: 30, ...options });
  t.after(() => loader.close());
  return loader;
}

export async function all(batches: AsyncIterable<ReceivedBatch>): Promise<ReceivedBatch[]> {
  const list: ReceivedBatch[] = [];
  for await (const batch of batches) list.push(batch);
  return list;
}

/** One slot of some batches, with its pixels. */
export interface ReceivedSlot {
  readonly sample: ReceivedBatch['header']['samples'][number];
  readonly pixels: Buffer;
}

/** The slots of batches, in order. */
export function slotsOf(batches: readonly ReceivedBatch[]): ReceivedSlot[] {
  return batches.flatMap(({ header, data }) =>
    header.samples.map((sample, slot) => {
      const bytes = data.length / header.samples.length;
      return { sample, pixels: data.subarray(slot * bytes, (slot + 1) * bytes) };
    }),
  );
}

/** A value of the Prometheus metrics: of the first line that starts with `name`. */
export async function metric({ metricsPort }: ServerProcess, name: string): Promise<number> {
  const text = await new Promise<string>((resolve, reject) => {
    get(`http://127.0.0.1:${metricsPort}/metrics`, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      response.once('end', () => resolve(body));
    }).once('error', reject);
  });
  const line = text.split('\n').find((candidate) => candidate.startsWith(name));
  if (line === undefined) throw new Error(`no metric ${name}`);
  return Number(line.split(' ').at(-1));
}
