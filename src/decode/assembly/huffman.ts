import { places } from './zigzag';

// Codes up to this length are found by one look into a table; longer ones are rare.
const lookBits = 11;
const lookEntries = 1 << lookBits;
const slots = 4;
const longest = 16;
/** What an end of block adds to the place in the block. */
const endOfBlock: u32 = 96;

// An entry: 5 bits of code and value together, 4 bits of the value alone, 7 bits of the run of zeros before it.
const looks = memory.data(2 * slots * lookEntries * 2, 64);
// Of a code length: its largest code plus one, shifted up to 16 bits, and the index of its first symbol less its first code.
const limits = memory.data(2 * slots * (longest + 2) * 4, 16);
const offsets = memory.data(2 * slots * (longest + 2) * 4, 16);
const symbols = memory.data(2 * slots * 256, 16);
const known = memory.data(2 * slots, 16);

/** `places` filled up for every place that an entry can lead to: a run beyond the last falls on it, as with libjpeg. */
export const reach = memory.data(64 + 128, 64);

/** Forgets the tables of the last file. */
export function clearTables(): void {
  memory.fill(known, 0, 2 * slots);
  memory.copy(reach, places, 64);
  memory.fill(reach + 64, 126, 128);
}

/** Whether both tables of a component have been given: `quant_dc_ac` in 4 bits each. */
export function areKnown(tables: i32): bool {
  return (load<u8>(known + index(false, dcOf(tables))) & load<u8>(known + index(true, acOf(tables)))) != 0;
}

// @ts-ignore: decorator
@inline
export function dcOf(tables: i32): i32 {
  return (tables >> 4) & 15;
}

// @ts-ignore: decorator
@inline
export function acOf(tables: i32): i32 {
  return tables & 15;
}

// @ts-ignore: decorator
@inline
function index(isAc: bool, slot: i32): usize {
  return <usize>(<i32>isAc * slots + slot);
}

/**
 * Reads a table as a DHT segment has it: 16 counts, then the symbols.
 *
 * Source: libjpeg-turbo jdhuff.c, `jpeg_make_d_derived_tbl`.
 *
 * @returns false where the codes are none, or a symbol is one that 8-bit images do not need.
 */
export function huffmanTable(isAc: bool, slot: i32, from: usize): bool {
  const at = index(isAc, slot);
  const look = lookOf(isAc, slot);
  const limit = limits + at * (longest + 2) * 4;
  const offset = offsets + at * (longest + 2) * 4;
  const symbol = symbols + at * 256;
  memory.fill(look, 0, lookEntries * 2);
  let code = 0;
  let total = 0;
  for (let length = 1; length <= longest; length++) {
    const codes = <i32>load<u8>(from + length - 1);
    if (total + codes > 256) return false;
    store<i32>(offset + (<usize>length << 2), total - code);
    for (let i = 0; i < codes; i++, code++, total++) {
      const value = load<u8>(from + longest + total);
      if (!isSound(isAc, value)) return false;
      store<u8>(symbol + total, value);
      if (length > lookBits) continue;
      const entry = entryOf(isAc, value, length);
      const first = code << (lookBits - length);
      // A code beyond its length's codes is refused below.
      if (first >= lookEntries) return false;
      for (let j = 0; j < 1 << (lookBits - length); j++) store<u16>(look + ((first + j) << 1), entry);
    }
    // No code may be all ones.
    if (codes > 0 && code >= 1 << length) return false;
    store<i32>(limit + (<usize>length << 2), code << (longest - length));
    code <<= 1;
  }
  store<u8>(known + at, 1);
  return true;
}

function isSound(isAc: bool, value: u8): bool {
  if (!isAc) return value <= 11;
  const size = value & 15;
  const run = value >> 4;
  return size == 0 ? run == 0 || run == 15 : size <= 10;
}

// @ts-ignore: decorator
@inline
function entryOf(isAc: bool, value: u8, length: i32): u16 {
  const size: u32 = value & 15;
  const run: u32 = isAc ? (value == 0 ? endOfBlock : value >> 4) : 0;
  return <u16>((run << 9) | (size << 5) | (<u32>length + size));
}

/** The entry of a code longer than `lookBits`; 0 where there is no such code. */
function longEntry(isAc: bool, slot: i32, window: u64): u32 {
  const at = index(isAc, slot);
  const limit = limits + at * (longest + 2) * 4;
  const code = <i32>(window >> (64 - longest));
  for (let length = lookBits + 1; length <= longest; length++) {
    if (code >= load<i32>(limit + (<usize>length << 2))) continue;
    const offset = load<i32>(offsets + at * (longest + 2) * 4 + (<usize>length << 2));
    const value = load<u8>(symbols + at * 256 + (((code >> (longest - length)) + offset) & 255));
    return entryOf(isAc, value, length);
  }
  return 0;
}

/** Where the entries of a table's short codes lie. */
// @ts-ignore: decorator
@inline
export function lookOf(isAc: bool, slot: i32): usize {
  return looks + index(isAc, slot) * lookEntries * 2;
}

/** The entry of the code on top of `window`; 0 where there is no such code. */
// @ts-ignore: decorator
@inline
export function lookUp(look: usize, isAc: bool, slot: i32, window: u64): u32 {
  const entry = <u32>load<u16>(look + <usize>((window >> (64 - lookBits)) << 1));
  return entry != 0 ? entry : longEntry(isAc, slot, window);
}
