import { spawn } from 'node:child_process';
import { python, scripts } from './torchvision-process.js';

/** What Pillow makes of a file: its pixels (uint8 RGB, rows first), or why it refuses it. */
export type PillowAnswer =
  | { readonly width: number; readonly height: number; readonly pixels: Buffer }
  | { readonly error: string };

/** A long-lived Python with Pillow; files are answered in order, `close` ends it. */
export interface Pillow {
  read(file: Uint8Array): Promise<PillowAnswer>;
  close(): Promise<void>;
}

/** Starts `scripts/pillow_verdicts.py` in Debian's Python, or in `TRIBUTARY_PYTHON`. */
export function startPillow(): Pillow {
  const child = spawn(python, [`${scripts}pillow_verdicts.py`], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: { resolve: (answer: PillowAnswer) => void; reject: (error: Error) => void }[] = [];
  let chunks: Buffer[] = [];
  let held = 0;
  let needed = 8;
  child.stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    held += chunk.length;
    while (held >= needed) {
      const received = Buffer.concat(chunks);
      const textEnd = 8 + received.readUInt32LE(0);
      const end = textEnd + received.readUInt32LE(4);
      chunks = [received];
      needed = end;
      if (held < end) return;
      const json = JSON.parse(received.toString('utf8', 8, textEnd));
      waiting.shift()?.resolve('error' in json ? json : { ...json, pixels: received.subarray(textEnd, end) });
      chunks = [received.subarray(end)];
      held -= end;
      needed = 8;
    }
  });
  const fail = (error: Error) => {
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  const ended = new Promise<void>((resolve) => {
    child.once('close', (code) => {
      fail(new Error(`${python} ended with ${code}`));
      resolve();
    });
  });
  child.once('error', fail);
  child.stdin.on('error', () => {});
  return {
    read(file) {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(file.length, 0);
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(Buffer.concat([length, file]));
      });
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
