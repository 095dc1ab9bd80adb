import type { TributaryError } from '../errors.js';
import { corruptSample } from './corrupt.js';
import { integerOf, levelOf, mostDigits, type Pixmap } from './ppm-numbers.js';

/** Bytes that Pillow reads at once, which shows: see below. Source: Pillow 9.4 ImageFile.py, `SAFEBLOCK`. */
const blockBytes = 1024 * 1024;
/** Samples between two looks at the clock. */
const stretch = 1 << 16;

/**
 * The samples of a file that has them as text, as levels.
 *
 * Pillow's oddities are kept, since they decide what is read: a comment is cut out of the text, so that what stands before and behind it is one
 * number; and a number that a block, or the file, ends with is put before each later block that ends with a blank, and repeated until the image is full.
 *
 * Source: Pillow 9.4 PpmImagePlugin.py, `PpmPlainDecoder`.
 *
 * @throws TributaryError SAMPLE_CORRUPT where Pillow refuses the text, DECODE_TIMEOUT of `check`.
 */
export function plainSamples(file: Buffer, pixmap: Pixmap, check: () => void): Buffer {
  const { width, height, bands, most, data: start } = pixmap;
  const out = Buffer.alloc(width * height * bands);
  const text = new Blocks(file, start);
  let count = 0;
  let half = '';
  while (count < out.length) {
    let block = text.next();
    if (block === null) {
      if (half === '') break;
      block = ' ';
    }
    block = half + text.withoutComments(block);
    const tokens =
      most === null ? block.replaceAll(/[ \t\n\v\f\r]+/g, '') : block.split(/[ \t\n\v\f\r]+/).filter(Boolean);
    if (typeof tokens === 'string') {
      if (/[^01]/.test(tokens)) throw refused('another character than 0 and 1');
      for (let i = 0; i < tokens.length && count < out.length; i++) out[count++] = tokens[i] === '1' ? 0 : 255;
      check();
      continue;
    }
    if (/[^ \t\n\v\f\r]$/.test(block)) {
      half = tokens.pop()!;
      if (half.length > mostDigits) throw refused('a number of more than ten digits');
    }
    for (const token of tokens) {
      if (count % stretch === 0) check();
      if (count === out.length) break;
      out[count++] = levelAt(token, most!, bands);
    }
  }
  if (count < out.length) throw refused('too few samples');
  return out;
}

function levelAt(token: string, most: number, bands: 1 | 3): number {
  const value = token.length > mostDigits ? null : integerOf(token);
  if (value === null || value > most) throw refused(`${token.slice(0, mostDigits + 1)} as a sample`);
  const level = levelOf(value, most, bands);
  // What is below nothing does not fit into 32 bits without a sign, and is cut to 8.
  if (bands === 3 || most <= 255) return level & 255;
  if (level < 0) throw refused(`${token} as a sample`);
  return Math.min(255, level);
}

/** A file's text in blocks, of which a comment can be longer. */
class Blocks {
  readonly #file: Buffer;
  #at: number;
  #isInComment = false;

  constructor(file: Buffer, start: number) {
    this.#file = file;
    this.#at = start;
  }

  /** The next block; null behind the last. */
  next(): string | null {
    if (this.#at >= this.#file.length) return null;
    const block = this.#file.toString('latin1', this.#at, this.#at + blockBytes);
    this.#at += blockBytes;
    return block;
  }

  withoutComments(given: string): string {
    let block = given;
    while (this.#isInComment && block !== '') {
      const end = endOfComment(block, 0);
      if (end !== -1) {
        block = block.slice(end + 1);
        break;
      }
      block = this.next() ?? '';
    }
    this.#isInComment = false;
    const parts: string[] = [];
    let from = 0;
    for (;;) {
      const start = block.indexOf('#', from);
      if (start === -1) return parts.join('') + block.slice(from);
      parts.push(block.slice(from, start));
      const end = endOfComment(block, start);
      if (end === -1) {
        this.#isInComment = true;
        return parts.join('');
      }
      from = end + 1;
    }
  }
}

/** The first end of a line; the last of the two kinds where one of them stands first of all. */
function endOfComment(block: string, start: number): number {
  const [feed, carriage] = [block.indexOf('\n', start), block.indexOf('\r', start)];
  return feed * carriage > 0 ? Math.min(feed, carriage) : Math.max(feed, carriage);
}

function refused(came: string): TributaryError {
  return corruptSample('data', `a PPM file with ${came}`);
}
