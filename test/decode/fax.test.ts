import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeFax } from '../../src/decode/fax.js';
import { reversedBits } from '../../src/decode/tiff-pieces.js';

const look = () => {};
/** Codes, first bit first, as `decodeFax` takes them. */
function bytes(codes: string): Buffer {
  const bits = codes.replaceAll(' ', '');
  const whole = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g)!;
  return reversedBits(Buffer.from(whole.map((each) => Number.parseInt(each, 2))));
}

test('rows of runs begin at a byte, rows of group 3 behind a code, and those of group 4 follow the row above', () => {
  // 3 white, 2 black, 3 white; then the same one further.
  const [first, second] = ['1000 11 1000', '1011 11 0111'];
  const rows = Buffer.of(0b00011000, 0b00001100);
  assert.deepEqual(decodeFax(bytes(`${first}000000 ${second}`), 8, 1, 2, 'rows', look), rows);
  const end = '000000000001';
  assert.deepEqual(decodeFax(bytes(`${end}${first}${end}${second}${end}`), 8, 1, 2, 'group 3', look), rows);
  const follows = '011 011 1';
  const two = bytes(`${end}1${first}${end}0${follows}${end}`);
  assert.deepEqual(decodeFax(two, 8, 1, 2, 'group 3 in two dimensions', look), rows);
  assert.deepEqual(decodeFax(bytes(`001 1000 11 1 ${follows} ${end}${end}`), 8, 1, 2, 'group 4', look), rows);
});

test('an unknown code makes the rest of a row white, and an input that ends early is an error but in group 4', () => {
  assert.deepEqual(decodeFax(bytes('1000 11 000000001'), 8, 1, 1, 'rows', look), Buffer.of(0b00011000));
  assert.equal(decodeFax(bytes('1000 11 1000'), 8, 1, 3, 'rows', look), null);
  assert.deepEqual(
    decodeFax(bytes('001 1000 11 1 1 1 1'), 8, 1, 9, 'group 4', look)?.subarray(0, 2),
    Buffer.of(24, 24),
  );
  assert.equal(decodeFax(Buffer.alloc(0), 8, 1, 2, 'group 4', look), null);
});

test('the clock is looked at, and a row of any length takes memory by the bytes that there are', () => {
  const late = () => {
    throw new Error('late');
  };
  assert.throws(() => decodeFax(bytes('1'), 8, 1, 1, 'group 4', late), /late/);
  assert.ok(decodeFax(bytes('1'), 800_000_000, 1, 1, 'group 4', look) !== undefined);
});
