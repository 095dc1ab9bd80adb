import { levelBranches, pixelBranches } from './codes.js';
import { codesOfList } from './step-program.js';

/**
 * The kernel that runs one list of a sample's program over its pixels, `[columns, rows, n]`, packed in and out as
 * `r * 65536 + g * 256 + b`. All branches depend on the sample alone, so a sample pays for its own operations only.
 * Arguments: pixels, program (program.ts), products, contrasts `[256, n]` (mean.ts), hues and sectors (hue-tables.ts), and
 * where in the program the list starts.
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
  for (let k = 0; k < ${codesOfList}; k++) {
    const code = program[z][start + k * 2];
    if (code === 0) break;
    const parameter = program[z][start + k * 2 + 1];
    ${levelBranches(['r', 'g', 'b'], 'code', 'parameter')}
    ${pixelBranches('code')}
  }
  return r * 65536 + g * 256 + b;
}`;
