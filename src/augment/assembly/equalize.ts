import { applyTable, countLevels, histogram, table } from './histogram';

/**
 * Evens out the histogram of every plane, in place. ImageOps.equalize;
 * torchvision/transforms/functional_pil.py, `equalize`.
 */
export function equalize(pixels: usize, plane: usize, area: usize): void {
  for (let i: usize = 0; i < 3; i++) {
    countLevels(pixels + i * plane, area);
    let last = 255;
    while (load<u32>(histogram + (last << 2)) == 0) last--;
    // A single level leaves a step of 0, as too few pixels do: both are left alone.
    const step = (<u32>area - load<u32>(histogram + (last << 2))) / 255;
    if (step == 0) continue;
    let n = step >> 1;
    for (let x = 0; x < 256; x++) {
      store<u8>(table + x, <u8>min<u32>(255, n / step));
      n += load<u32>(histogram + (x << 2));
    }
    applyTable(pixels + i * plane, area);
  }
}
