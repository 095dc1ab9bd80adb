import { applyTable, countLevels, histogram, table } from './histogram';

/**
 * Stretches every plane to 0 .. 255, in place, by a table made in double. ImageOps.autocontrast without cutoff;
 * torchvision/transforms/functional_pil.py, `autocontrast`.
 */
export function autocontrast(pixels: usize, plane: usize, area: usize): void {
  for (let i: usize = 0; i < 3; i++) {
    countLevels(pixels + i * plane, area);
    let low = 0;
    while (load<u32>(histogram + (low << 2)) == 0) low++;
    let high = 255;
    while (load<u32>(histogram + (high << 2)) == 0) high--;
    if (high <= low) continue;
    const scale = 255.0 / f64(high - low);
    const offset = f64(-low) * scale;
    for (let x = 0; x < 256; x++) store<u8>(table + x, <u8>max(0, min(255, i32(f64(x) * scale + offset))));
    applyTable(pixels + i * plane, area);
  }
}
