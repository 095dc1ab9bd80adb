/** Some of the numbers below a count: a bit for each, and a count for each 512 of them. */
export class ChosenRows {
  readonly #words: Uint32Array;
  /** How many are chosen before each block. */
  #before = new Float64Array(1);

  /** @param count of all. */
  constructor(count: number) {
    this.#words = new Uint32Array(Math.ceil(count / bitsPerBlock) * wordsPerBlock);
  }

  set(row: number, isChosen: boolean): void {
    const bit = 1 << (row & 31);
    if (isChosen) this.#words[row >>> 5]! |= bit;
    else this.#words[row >>> 5]! &= ~bit;
  }

  has(row: number): boolean {
    return (this.#words[row >>> 5]! & (1 << (row & 31))) !== 0;
  }

  /** Counts what is chosen, once all are set: `at` and `before` need it. */
  count(): number {
    this.#before = new Float64Array(this.#words.length / wordsPerBlock + 1);
    for (const [i, word] of this.#words.entries()) this.#before[Math.floor(i / wordsPerBlock) + 1]! += ones(word);
    for (let block = 1; block < this.#before.length; block++) this.#before[block]! += this.#before[block - 1]!;
    return this.#before.at(-1)!;
  }

  /** How many are chosen before a row. */
  before(row: number): number {
    const word = row >>> 5;
    const first = word - (word % wordsPerBlock);
    let found = this.#before[first / wordsPerBlock]!;
    for (let i = first; i < word; i++) found += ones(this.#words[i]!);
    return found + ones(this.#words[word]! & ((1 << (row & 31)) - 1));
  }

  /** The row that is the `number`-th of those that are chosen, from 0. */
  at(number: number): number {
    let low = 0;
    let high = this.#before.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#before[middle]! <= number) low = middle;
      else high = middle;
    }
    let left = number - this.#before[low]!;
    let word = low * wordsPerBlock;
    for (; left >= ones(this.#words[word]!); word++) left -= ones(this.#words[word]!);
    let bits = this.#words[word]!;
    for (; left > 0; left--) bits &= bits - 1;
    return word * 32 + 31 - Math.clz32(bits & -bits);
  }
}

const wordsPerBlock = 16;
const bitsPerBlock = 32 * wordsPerBlock;

/** The number of bits that are set in 32. */
function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
