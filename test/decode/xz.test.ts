import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { decodeXz } from '../../src/decode/xz.js';

const look = () => {};
const hex = (text: string) => Buffer.from(text, 'hex');

// Both by liblzma: differences to the third byte before, as libtiff writes them; and as the command xz does, with a checksum.
const differences = hex(
  'fd377a585a000000ff12d9410201030102210116f2e8cd44e001f300205d0000020f57155e6beff6ac9feea5eec8f9923ce7e4c4c93adb44e2fd54b7a3100000000134f40300000015c8bff3a8000afc020000000000595a',
);
const text = hex(
  'fd377a585a0000016922de360200210116000000742fe5a3e00170003e5d003a1c8955966a15faab57129b87f4edb6791d660ad72cc60d957985e662037298b42d4f12e5aecbc1ce47f8d828488706d2295b55f163175b866713eae000000000edcd3d0b000156f102000000518edfc63e300d8b020000000001595a',
);
const ramp = Buffer.concat([
  Buffer.from(Array.from({ length: 200 }, (_, i) => (i * 7 + (i >> 3)) & 255)),
  Buffer.from('tributary '.repeat(30)),
]);
const words = Buffer.concat([
  Buffer.from(`tributary tributary ${'a'.repeat(300)}`),
  Buffer.from([...Array(40).keys()]),
  Buffer.from('tributary'),
]);

test('a stream gives its bytes, with and without differences, and no more than it has', () => {
  assert.deepEqual(decodeXz(differences, ramp.length, look), ramp);
  assert.deepEqual(decodeXz(text, words.length, look), words);
  assert.deepEqual(decodeXz(text, 25, look), words.subarray(0, 25));
  assert.equal(decodeXz(text, words.length + 1, look), null);
});

test('a head that is damaged is none, and other damage counts where it comes before the last byte', () => {
  for (const at of [0, 6, 9, 13, 20]) {
    const wrong = Buffer.from(text);
    wrong[at]! ^= 1;
    assert.equal(decodeXz(wrong, 1, look), null, String(at));
  }
  assert.equal(decodeXz(text.subarray(0, 60), words.length, look), null);
  assert.deepEqual(decodeXz(text.subarray(0, 60), 20, look), words.subarray(0, 20));
  assert.deepEqual(decodeXz(text.subarray(0, -29), words.length, look), words);
});

test('chunks of bytes as they are, the first of which begins a dictionary', () => {
  const head = hex('020021011c000000');
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(head));
  const stream = (...chunks: number[][]) =>
    Buffer.concat([text.subarray(0, 12), head, sum, ...chunks.map((each) => Buffer.from(each))]);
  assert.deepEqual(decodeXz(stream([1, 0, 2, 7, 8, 9], [2, 0, 0, 5]), 4, look), Buffer.of(7, 8, 9, 5));
  // The end, no dictionary, no such chunk, LZMA without its properties, and bytes that are not there.
  for (const chunk of [[0], [2, 0, 0, 5], [3, 0, 0, 5], [0x80, 0, 0, 0, 5, 0, 0, 0, 0, 0], [1, 0, 2, 7]])
    assert.equal(decodeXz(stream(chunk), 2, look), null);
});

test('the clock is looked at', () => {
  const late = new Error('late');
  const clock = () => {
    throw late;
  };
  assert.throws(() => decodeXz(text, 1, clock), late);
});
