import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { NativeDecoder } from '../../src/decode/native-decoder.js';
import { nativePixels } from '../../src/decode/native-pixels.js';
import { TributaryError } from '../../src/errors.js';

const side = 6000;
const blank = { create: { width: side, height: side, channels: 3, background: '#468' } } as const;
const small = { width: 4, height: 4, pixels: 1e9, box: { top: 0, left: 0, width: 4, height: 4 } };
const large = {
  width: side,
  height: side,
  pixels: 1e9,
  box: { top: 0, left: 0, width: 1, height: 1 },
  decodesAll: true,
};
const smallFile = await sharp({ create: { ...blank.create, width: 4, height: 4 } })
  .webp({ lossless: true })
  .toBuffer();
/** Takes long enough to decode for its process to be met with it. */
const largeFile = await sharp(blank).jpeg({ progressive: true }).toBuffer();

/** Kills the process that has a file in hand, so many times. */
async function killed(decoder: NativeDecoder, signal: NodeJS.Signals, times: number): Promise<ReadonlySet<number>> {
  const met = new Set<number>();
  while (met.size < times) {
    const pid = decoder.busy;
    if (pid !== undefined && !met.has(pid)) {
      met.add(pid);
      process.kill(pid, signal);
    }
    await wait(2);
  }
  return met;
}

const isCause = (cause: string) => (error: unknown) =>
  error instanceof TributaryError && error.reason === 'SAMPLE_CORRUPT' && error.metadata.cause === cause;

test('a process that dies with a file is replaced, and the file decoded by the next', async () => {
  const decoder = new NativeDecoder();
  const decoding = decoder.decode(largeFile, large, 60);
  const behind = decoder.decode(smallFile, small, 60);
  assert.equal((await killed(decoder, 'SIGSEGV', 2)).size, 2);
  assert.deepEqual([...(await decoding).data], [...(await nativePixels(largeFile, large))]);
  assert.equal((await behind).data.length, 48);
});

test('a file on which every process dies is corrupt, and asked of no further process', async () => {
  const decoder = new NativeDecoder();
  const decoding = assert.rejects(decoder.decode(largeFile, large, 60), isCause('DECODER_CRASHED'));
  await killed(decoder, 'SIGSEGV', 3);
  await decoding;
  await assert.rejects(decoder.decode(Buffer.from(largeFile), large, 60), isCause('DECODER_CRASHED'));
  assert.equal(decoder.busy, undefined);
  assert.equal((await decoder.decode(smallFile, small, 60)).data.length, 48);
});

test('a process that the machine ends says nothing about the file', async () => {
  const decoder = new NativeDecoder();
  const decoding = assert.rejects(decoder.decode(largeFile, large, 60), { reason: 'DECODER_LOST' });
  await killed(decoder, 'SIGKILL', 3);
  await decoding;
});

test('a file that takes too long loses its process and gets no verdict', async () => {
  const decoder = new NativeDecoder();
  assert.equal((await decoder.decode(smallFile, small, 60)).data.length, 48);
  await assert.rejects(decoder.decode(largeFile, large, 0.01), { reason: 'DECODE_TIMEOUT' });
  assert.equal((await decoder.decode(smallFile, small, 60)).data.length, 48);
});

test('a process ends with the thread that it belongs to, and keeps nobody from ending', async () => {
  const module = new URL('../../src/decode/native-decoder.js', import.meta.url).href;
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.module).then(async ({ NativeDecoder }) => {
      const decoder = new NativeDecoder();
      const decoding = decoder.decode(workerData.file, workerData.asked, 60);
      setTimeout(function look() {
        if (decoder.busy) parentPort.postMessage(decoder.busy);
        else setTimeout(look, 1);
      });
      await decoding;
    });`;
  const thread = new Worker(code, { eval: true, workerData: { module, file: largeFile, asked: large } });
  const [pid] = (await once(thread, 'message')) as [number];
  assert.match(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /^tributary decoder/);
  await thread.terminate();
  while (isAlive(pid)) await wait(2);

  const script = `
    const { NativeDecoder } = await import(${JSON.stringify(module)});
    await new NativeDecoder().decode(Buffer.from('${smallFile.toString('base64')}', 'base64'), ${JSON.stringify(small)}, 60);
    process.stdout.write('decoded');`;
  const args = ['--input-type=module', '-e', script];
  assert.equal(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 }), 'decoded');
});

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
