import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { decodeZstandard, unpackZstandard } from '../../src/packing/zstandard.js';

const look = () => {};
const magic = [0x28, 0xb5, 0x2f, 0xfd];
/** A block of bytes as they are (0), or of one again and again (1). */
const block = (kind: 0 | 1, size: number, isLast: boolean, ...bytes: number[]) => {
  const head = (size << 3) | (kind << 1) | Number(isLast);
  return [head & 255, (head >> 8) & 255, head >> 16, ...bytes];
};
const frame = (window: number, ...blocks: number[][]) => Buffer.from([...magic, 0, window, ...blocks.flat()]);

test('blocks follow each other until enough is out, or the last was', () => {
  const file = frame(0, block(0, 3, false, 7, 8, 9), block(1, 20, true, 5));
  assert.deepEqual(decodeZstandard(file, 5, look), Buffer.of(7, 8, 9, 5, 5));
  assert.deepEqual(decodeZstandard(file, 23, look), Buffer.concat([Buffer.of(7, 8, 9), Buffer.alloc(20, 5)]));
  assert.equal(decodeZstandard(file, 24, look), null);
  assert.equal(decodeZstandard(file.subarray(0, -1), 23, look), null);
  // Of a second frame libtiff takes nothing.
  assert.equal(decodeZstandard(Buffer.concat([file, file]), 46, look), null);
  const summed = Buffer.from(file);
  summed[4] = 4;
  assert.deepEqual(decodeZstandard(Buffer.concat([summed, Buffer.alloc(4)]), 3, look), Buffer.of(7, 8, 9));
});

test('of what libzstd does not decode there is nothing', () => {
  const one = block(1, 9, true, 5);
  assert.notEqual(decodeZstandard(frame(17 << 3, one), 9, look), null);
  assert.equal(decodeZstandard(frame(18 << 3, one), 9, look), null);
  assert.notEqual(decodeZstandard(Buffer.from([...magic, 0x20, 9, ...one]), 9, look), null);
  for (const flags of [1, 8]) assert.equal(decodeZstandard(Buffer.from([...magic, flags, 0, ...one]), 9, look), null);
  assert.equal(decodeZstandard(Buffer.from('no frame at all'), 9, look), null);
  // A block larger than the window.
  assert.equal(decodeZstandard(frame(0, block(1, 1025, true, 5)), 9, look), null);
});

test('the clock is looked at before each block', () => {
  let looks = 0;
  const blocks = Array.from({ length: 50 }, () => block(1, 1024, false, 5));
  decodeZstandard(frame(0, ...blocks), 50 * 1024, () => looks++);
  assert.equal(looks, 50);
});

const ramp = Buffer.concat([
  Buffer.from(Array.from({ length: 200 }, (_, i) => (i * 7 + (i >> 3)) & 255)),
  Buffer.from('tributary '.repeat(30)),
]);
const words = Buffer.from(
  ['source', 'stream', 'mouth', 'tributary', 'river', 'basin', 'delta', 'spring']
    .map((word) => `${word} of ${[...word].reverse().join('')} `)
    .join('')
    .repeat(3),
);
// By libzstd: literals as they are and matches; and literals in Huffman codes, with a checksum.
const matches = Buffer.from(
  '28b52ffd0068c50400e40700070e151c232a313940474e555c636a727980878e959ca3abb2b9c0c7ced5dce4ebf2f91d242b32565d646b8f969da4c8cfd6dd01080f163a41484f737a8188acb3bac1e5ecf3fa1e252c33575e656c90979ea5c9d0d7de020910173b424950747b8289adb4bbc2e6edf4fb1f262d34585f666d7472696275746172792016a810a677eb6fd06b3110f8faffffdf011ffd408407a514',
  'hex',
);
const codes = Buffer.from(
  '28b52ffd046815030062081612b0b90140b7ac738b234d222428491253021167b479c6513f4e2ee28b2b6d47bd753971609ce7a83fc906bea96e8ffa3d95fbde04a96dd751bfd63a81dcbed1d4e4a8279dd49c7bcfcc516fecb6f9ac69c31df51736290701008684846aa4770bd0a3',
  'hex',
);

test('what libzstd packed comes out, and no more', () => {
  for (const [packed, held] of [
    [matches, ramp],
    [codes, words],
  ] as const) {
    assert.deepEqual(decodeZstandard(packed, held.length, look), held);
    assert.deepEqual(decodeZstandard(packed, 9, look), held.subarray(0, 9));
    assert.equal(decodeZstandard(packed, held.length + 1, look), null);
    assert.deepEqual(unpackZstandard(packed, held.length), held);
    assert.throws(() => unpackZstandard(packed, held.length - 1), /more than \d+ bytes in Zstandard/);
    for (let end = 0; end < packed.length - 4; end++)
      if (end > 0) assert.throws(() => unpackZstandard(packed.subarray(0, end), held.length), /Zstandard/, String(end));
  }
});

test('frames that follow one another are one, and what is to be skipped is none', () => {
  const skipped = Buffer.from('532a4d1803000000aabbcc', 'hex');
  const all = Buffer.concat([skipped, matches, skipped, codes, matches]);
  assert.deepEqual(unpackZstandard(all, 4096), Buffer.concat([ramp, words, ramp]));
  assert.throws(() => unpackZstandard(Buffer.concat([matches, skipped.subarray(0, -1)]), 4096), /damaged/);
  assert.throws(() => unpackZstandard(Buffer.concat([matches, ramp]), 4096), /damaged/);
  assert.deepEqual(unpackZstandard(Buffer.alloc(0), 9), Buffer.alloc(0));
});

/** Of weights of Huffman codes that take no bits, and so never run out of them. */
const endless =
  'KLUv/WDPAD0JAJQRdHJpYnV0YXJ5IAAHDhUcIyoxOD9GTVRbYmlwd36FjJOaoaivtr3Ey9LZ4Ofu9QEIDxYdJCsyOUBHTlVcY2pxeH+GjZSboqmwt77FzNPa4ejv9gIJEBceJSwzOkFIT1ZdZGtyeYCHjpWco6qxuL/GzdTb4unw9wMKERgfJi00xsJH57A2D4WRqhQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dzj6vH4BAsSGSAnLjU8Q0pRWF9mbXR7gomQl56lrLO6wcjP1t3k6/L5BQwTGiEoLzY9REtSWWBnbnV8g4qRmJ+mrbS7wsnQ197l7PP6Bg0UG2F0aGUgcXVpY2sgYnJvd24gZm94IGp1bXBzIG92ZXIgdGgNaJ9QuKfuvEAjhEtQAvE2cwMAjHmULsClaIqWLg==';

test('damage that had no end in fzstd is refused at once', async () => {
  const program = `
    const { decodeZstandard, unpackZstandard } = await import(${JSON.stringify(new URL('../../src/packing/zstandard.js', import.meta.url))});
    const bytes = Buffer.from('${endless}', 'base64');
    process.stdout.write(String(decodeZstandard(bytes, 400, () => {})));
    try { unpackZstandard(bytes, 1e6); } catch ({ message }) { process.stdout.write(', ' + message); }
  `;
  // In a process, which can be ended.
  const options = { timeout: 60_000, killSignal: 'SIGKILL' } as const;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], options);
  assert.equal(stdout, 'null, damaged Zstandard');
});
