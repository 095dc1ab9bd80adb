/** What a code of fax says: a run that ends, the part of a longer one, one of the ways to follow the row above, the end of a line, or nothing known. */
export type FaxState = 'none' | 'term' | 'part' | 'pass' | 'horizontal' | 'right' | 'left' | 'extension' | 'end';

/** A code: its bits, and the length of a run or the distance to the row above. */
export interface FaxCode {
  readonly state: FaxState;
  readonly width: number;
  readonly value: number;
}

const whiteTerms =
  '00110101 000111 0111 1000 1011 1100 1110 1111 10011 10100 00111 01000 001000 000011 110100 110101 101010 101011 ' +
  '0100111 0001100 0001000 0010111 0000011 0000100 0101000 0101011 0010011 0100100 0011000 00000010 00000011 ' +
  '00011010 00011011 00010010 00010011 00010100 00010101 00010110 00010111 00101000 00101001 00101010 00101011 ' +
  '00101100 00101101 00000100 00000101 00001010 00001011 01010010 01010011 01010100 01010101 00100100 00100101 ' +
  '01011000 01011001 01011010 01011011 01001010 01001011 00110010 00110011 00110100';
const blackTerms =
  '0000110111 010 11 10 011 0011 0010 00011 000101 000100 0000100 0000101 0000111 00000100 00000111 000011000 ' +
  '0000010111 0000011000 0000001000 00001100111 00001101000 00001101100 00000110111 00000101000 00000010111 ' +
  '00000011000 000011001010 000011001011 000011001100 000011001101 000001101000 000001101001 000001101010 ' +
  '000001101011 000011010010 000011010011 000011010100 000011010101 000011010110 000011010111 000001101100 ' +
  '000001101101 000011011010 000011011011 000001010100 000001010101 000001010110 000001010111 000001100100 ' +
  '000001100101 000001010010 000001010011 000000100100 000000110111 000000111000 000000100111 000000101000 ' +
  '000001011000 000001011001 000000101011 000000101100 000001011010 000001100110 000001100111';
const whiteParts =
  '11011 10010 010111 0110111 00110110 00110111 01100100 01100101 01101000 01100111 011001100 011001101 011010010 ' +
  '011010011 011010100 011010101 011010110 011010111 011011000 011011001 011011010 011011011 010011000 010011001 ' +
  '010011010 011000 010011011';
const blackParts =
  '0000001111 000011001000 000011001001 000001011011 000000110011 000000110100 000000110101 0000001101100 ' +
  '0000001101101 0000001001010 0000001001011 0000001001100 0000001001101 0000001110010 0000001110011 0000001110100 ' +
  '0000001110101 0000001110110 0000001110111 0000001010010 0000001010011 0000001010100 0000001010101 0000001011010 ' +
  '0000001011011 0000001100100 0000001100101';
/** Of both colours, from 1792 on. */
const longParts =
  '00000001000 00000001100 00000001101 000000010010 000000010011 000000010100 000000010101 000000010110 ' +
  '000000010111 000000011100 000000011101 000000011110 000000011111';

const unknown: FaxCode = { state: 'none', width: 0, value: 0 };

type Entry = readonly [code: string, state: FaxState, value: number];

/** By the next bits, the first of them lowest: the code that they begin with. */
function tableOf(bits: number, entries: readonly Entry[]): readonly FaxCode[] {
  const table = Array<FaxCode>(1 << bits).fill(unknown);
  for (const [code, state, value] of entries) {
    const width = code.length;
    const first = [...code].reduce((sum, bit, i) => sum + (Number(bit) << i), 0);
    for (let at = first; at < table.length; at += 1 << width) table[at] = { state, width, value };
  }
  return table;
}

const listed = (codes: string, state: FaxState, value: (i: number) => number) =>
  codes.split(' ').map((code, i): Entry => [code, state, value(i)]);
const parts = (codes: string, from: number) => listed(codes, 'part', (i) => from + 64 * i);
const lineEnd: Entry = ['0'.repeat(11), 'end', 0];

/** Runs of white, in windows of 12 bits. Source: ITU-T T.4, tables 2 and 3. */
export const whiteCodes = tableOf(12, [
  ...listed(whiteTerms, 'term', (i) => i),
  ...parts(whiteParts, 64),
  ...parts(longParts, 1792),
  lineEnd,
]);
/** Runs of black, in windows of 13 bits. */
export const blackCodes = tableOf(13, [
  ...listed(blackTerms, 'term', (i) => i),
  ...parts(blackParts, 64),
  ...parts(longParts, 1792),
  lineEnd,
]);
/** Ways to follow the row above, in windows of 7 bits. Source: ITU-T T.6. */
export const followCodes = tableOf(7, [
  ['0001', 'pass', 0],
  ['001', 'horizontal', 0],
  ...listed('1 011 000011 0000011', 'right', (i) => i),
  ...listed('010 000010 0000010', 'left', (i) => i + 1),
  ['0000001', 'extension', 0],
  ['0000000', 'end', 0],
]);
