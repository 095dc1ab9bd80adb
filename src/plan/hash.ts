import type { Address } from '../run/address.js';

const prime1 = 0x9e3779b1 | 0;
const prime2 = 0x85ebca77 | 0;
const prime3 = 0xc2b2ae3d | 0;
const prime4 = 0x27d4eb2f | 0;
const prime5 = 0x165667b1 | 0;

function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function lane(accumulator: number, input: number): number {
  return Math.imul(rotate((accumulator + Math.imul(input, prime2)) | 0, 13), prime1);
}

/**
 * XXH32 of the first `length` bytes, as the xxHash specification defines it.
 *
 * @param seed 32 bits
 * @returns an unsigned 32-bit integer
 */
export function xxh32(bytes: Uint8Array, length: number, seed: number): number {
  let at = 0;
  let h: number;
  if (length >= 16) {
    let a = (seed + prime1 + prime2) | 0;
    let b = (seed + prime2) | 0;
    let c = seed | 0;
    let d = (seed - prime1) | 0;
    for (; at + 16 <= length; at += 16) {
      a = lane(a, word(bytes, at));
      b = lane(b, word(bytes, at + 4));
      c = lane(c, word(bytes, at + 8));
      d = lane(d, word(bytes, at + 12));
    }
    h = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
  } else {
    h = (seed + prime5) | 0;
  }
  h = (h + length) | 0;
  for (; at + 4 <= length; at += 4) h = Math.imul(rotate((h + Math.imul(word(bytes, at), prime3)) | 0, 17), prime4);
  for (; at < length; at++) h = Math.imul(rotate((h + Math.imul(bytes[at]!, prime5)) | 0, 11), prime1);
  h = Math.imul(h ^ (h >>> 15), prime2);
  h = Math.imul(h ^ (h >>> 13), prime3);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * A bijection of 32 bits in which every input bit moves every output bit (the `lowbias32` finaliser of Chris Wellons'
 * hash prospector).
 */
export function mix(x: number): number {
  let h = x | 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b | 0);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * What a hash is for: the XXH32 seed that keeps the uses apart. Those that need 64 bits take this seed and the next one.
 */
const purposes = { sample: 0, walk: 1, order: 3, draw: 5, batch: 7, masks: 9, resolution: 11 } as const;

const encoder = new TextEncoder();
let message = new Uint8Array(1024);
let view = new DataView(message.buffer);

function writeInteger(at: number, value: number): void {
  view.setUint32(at, value % 0x100000000, true);
  view.setUint32(at + 4, Math.floor(value / 0x100000000), true);
}

/** Writes UTF-8 and returns its length in bytes. */
function writeText(at: number, text: string): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Most keys are ASCII, and an encoder per key costs more than the hash.
    if (unit > 0x7f) return encoder.encodeInto(text, message.subarray(at)).written;
    message[at + i] = unit;
  }
  return text.length;
}

/**
 * Writes the message of an identity and returns its length: three integers of [0, 2^53) as 64 bits, the source's length in
 * bytes as 32 bits, the source and the key in UTF-8; all little-endian. In Python:
 * `struct.pack('<QQQI', a, b, c, len(source)) + source + key`.
 */
function writeMessage(a: number, b: number, c: number, source: string, key: string): number {
  // A UTF-16 unit becomes three bytes at most.
  const bound = 28 + 3 * (source.length + key.length);
  if (bound > message.length) {
    message = new Uint8Array(2 * bound);
    view = new DataView(message.buffer);
  }
  writeInteger(0, a);
  writeInteger(8, b);
  writeInteger(16, c);
  const sourceBytes = writeText(28, source);
  view.setUint32(24, sourceBytes, true);
  return 28 + sourceBytes + writeText(28 + sourceBytes, key);
}

/**
 * The seed of a sample: XXH32, seed 0, of (run seed, epoch, pass, source name, key). It comes from what the sample is and
 * never from where it stands, so that order, mixing and rank can change without changing a picture.
 *
 * @returns an unsigned 32-bit integer, fit for `torch.manual_seed`
 */
export function sampleSeed(runSeed: number, epoch: number, source: string, key: string, pass: number): number {
  return xxh32(message, writeMessage(runSeed, epoch, pass, source, key), purposes.sample);
}

/**
 * The seed of a batch, for what a trainer draws itself (mixup, masks): XXH32, seed 7, of (run seed, epoch, step), with no
 * source and with the rank in decimal as the key. Ranks of one step have seeds of their own.
 *
 * @returns an unsigned 32-bit integer, which torch, numpy and Python take as a seed
 */
export function batchSeed(runSeed: number, { epoch, step, rank }: Address): number {
  return xxh32(message, writeMessage(runSeed, epoch, step, '', `${rank}`), purposes.batch);
}

/**
 * The seed of the masks of one group of a batch's views: XXH32, seed 9, of (run seed, epoch, step), with the group as the source and
 * the rank in decimal as the key.
 */
export function masksSeed(runSeed: number, { epoch, step, rank }: Address, group: string): number {
  return xxh32(message, writeMessage(runSeed, epoch, step, group, `${rank}`), purposes.masks);
}

/** 64 bits that key a permutation or a row of draws. */
export interface HashKey {
  readonly low: number;
  readonly high: number;
}

/** The 64-bit key of (run seed, epoch, number, source name) for one purpose: XXH32 with the purpose's seed and the next. */
export function hashKey(
  purpose: 'walk' | 'order' | 'draw' | 'resolution',
  runSeed: number,
  epoch: number,
  number: number,
  source: string,
): HashKey {
  const length = writeMessage(runSeed, epoch, number, source, '');
  return { low: xxh32(message, length, purposes[purpose]), high: xxh32(message, length, purposes[purpose] + 1) };
}

/** The `counter`-th 32 bits of a key: `mix(mix(low + counter * 0x9e3779b9) ^ (high + counter))`, modulo 2^32. */
export function keyedWord({ low, high }: HashKey, counter: number): number {
  return mix(mix(low + Math.imul(counter, 0x9e3779b9)) ^ (high + counter));
}
