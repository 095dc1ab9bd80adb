import { programLength } from './operation.js';
import { codeOf, pointOperations } from './operations.js';

const branches = pointOperations.map((operation) => `if (code === ${codeOf(operation)}) {${operation.source}\n    }`);

/**
 * The kernel that runs one list of a sample's program over its pixels, `[columns, rows, n]`, packed in and out as
 * `r * 65536 + g * 256 + b`. All branches depend on the sample alone, so a sample pays for its own operations only.
 * Arguments: pixels, program `[16, n]`, products `[1024, n]`, contrasts `[256, n]`, hues and sectors (hue.ts), and where
 * in the program the list starts.
 */
export const pointSource = `function (pixels, program, products, contrasts, hues, sectors, start) {
  const x = this.thread.x;
  const y = this.thread.y;
  const z = this.thread.z;
  const packed = pixels[z][y][x];
  let r = Math.floor(packed * 0.0000152587890625);
  const rest = packed - r * 65536;
  let g = Math.floor(rest * 0.00390625);
  let b = rest - g * 256;
  for (let k = 0; k < ${programLength}; k++) {
    const code = program[z][start + k];
    if (code === 0) break;
    ${branches.join('\n    ')}
  }
  return r * 65536 + g * 256 + b;
}`;
