import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { type Frame, frameReader, frameStart } from '../../src/decode/frames.js';
import type { NativeAnswer } from '../../src/decode/native-process.js';

const program = fileURLToPath(new URL('../../src/decode/native-process.js', import.meta.url));

test('it decodes one file after the other, heeds no signal that is meant for its replica, and ends with it', async (t) => {
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const came: Frame<NativeAnswer>[] = [];
  let tell = (): void => {};
  child.stdout.on(
    'data',
    frameReader<NativeAnswer>(
      (length) => Buffer.alloc(length),
      (frame) => {
        came.push(frame);
        tell();
      },
    ),
  );
  const next = async (): Promise<Frame<NativeAnswer>> => {
    while (came.length === 0)
      await new Promise<void>((resolve) => {
        tell = resolve;
      });
    return came.shift()!;
  };
  assert.equal((await next()).head.kind, 'ready');
  const file = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#468' } })
    .webp({ lossless: true })
    .toBuffer();
  const asked = { width: 4, height: 4, pixels: 100, box: { top: 0, left: 0, width: 1, height: 1 } };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) child.kill(signal);
  for (const [bytes, expected] of [
    [file, { kind: 'pixels', body: [68, 102, 136] }],
    [file.subarray(0, 30), { kind: 'damaged', body: [] }],
  ] as const) {
    child.stdin.write(Buffer.concat([frameStart(asked, bytes.length), bytes]));
    const { head, body } = await next();
    assert.deepEqual({ kind: head.kind, body: [...body] }, expected);
  }
  child.stdin.end();
  assert.deepEqual(await once(child, 'exit'), [null, 'SIGKILL']);
});
