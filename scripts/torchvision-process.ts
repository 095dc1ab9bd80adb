import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Knobs, ViewGroup } from '../src/run/run.js';

/** One question to stock torchvision, as `scripts/torchvision_sample.py --serve` understands it. */
export type Request =
  | { kind: 'draw'; width: number; height: number; seed: number; size: number; knobs: Partial<Knobs> }
  | { kind: 'sample'; seed: number; size: number; knobs: Partial<Knobs> }
  | { kind: 'views'; seed: number; groups: readonly ViewGroup[]; share_color_jitter: boolean }
  | { kind: 'evaluation'; size: number; knobs: Pick<Knobs, 'interpolation'> & { resize_size?: number } }
  | { kind: 'decode'; size: 0 };

/** What it says: JSON, and pixels where there are any. */
export interface Answer {
  readonly json: Record<string, unknown>;
  readonly data: Buffer;
}

/** A long-lived Python with stock torchvision; `close` ends it. Requests are answered in order. */
export interface Torchvision {
  ask(request: Request, payload?: Uint8Array): Promise<Answer>;
  close(): Promise<void>;
}

/** The Python whose torch, torchvision and Pillow are the specification: Debian's, or `TRIBUTARY_PYTHON`. */
export const python = process.env.TRIBUTARY_PYTHON ?? '/usr/bin/python3';

/** The folder of this repository's scripts, from the compiled file. */
export const scripts = fileURLToPath(new URL('../../scripts/', import.meta.url));

/** Starts `scripts/torchvision_sample.py --serve`. */
export function startTorchvision(): Torchvision {
  const child = spawn(python, [`${scripts}torchvision_sample.py`, '--serve'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = [];
  let received: Buffer = Buffer.alloc(0);
  child.stdout.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    for (;;) {
      if (received.length < 8) return;
      const textEnd = 8 + received.readUInt32LE(0);
      const end = textEnd + received.readUInt32LE(4);
      if (received.length < end) return;
      const json = JSON.parse(received.toString('utf8', 8, textEnd));
      waiting.shift()?.resolve({ json, data: received.subarray(textEnd, end) });
      received = received.subarray(end);
    }
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', (code) => {
      for (const { reject } of waiting.splice(0)) reject(new Error(`${python} ended with ${code}`));
      resolve();
    });
  });
  child.once('error', (error) => {
    for (const { reject } of waiting.splice(0)) reject(error);
  });
  child.stdin.on('error', () => {});
  return {
    ask(request, payload = new Uint8Array()) {
      const text = Buffer.from(JSON.stringify(request));
      const lengths = Buffer.alloc(8);
      lengths.writeUInt32LE(text.length, 0);
      lengths.writeUInt32LE(payload.length, 4);
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(Buffer.concat([lengths, text, payload]));
      });
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
