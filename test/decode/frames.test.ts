import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Frame, frameReader, frameStart } from '../../src/decode/frames.js';

test('frames come out as they went in, however their bytes are cut', () => {
  const frame = fc.record({ head: fc.string(), body: fc.uint8Array({ maxLength: 40 }) });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 5 }), fc.integer({ min: 1, max: 30 }), (frames, piece) => {
      const bytes = Buffer.concat(frames.flatMap(({ head, body }) => [frameStart(head, body.length), body]));
      const came: Frame<string>[] = [];
      const read = frameReader<string>(
        (length) => Buffer.alloc(length),
        (each) => came.push(each),
      );
      for (let at = 0; at < bytes.length; at += piece) read(bytes.subarray(at, at + piece));
      assert.deepEqual(
        came.map(({ head, body }) => ({ head, body: [...body] })),
        frames.map(({ head, body }) => ({ head, body: [...body] })),
      );
    }),
  );
});
