import { floorToInt, highFloats, loadBytes, lowFloats, storeBytes } from './vectors';

/**
 * Shifts the hue of three planes, in place, through Pillow's 8-bit HSV and back: Pillow/Convert.c, `rgb2hsv_row` and
 * `hsv2rgb`. `shift` in [0, 255] is added to H modulo 256. torchvision/transforms/functional_pil.py, `adjust_hue`.
 *
 * Every step is exact in float32: all integers stay below 2^24, quotients are of correctly rounded divisions, and the
 * hue repeats Pillow's own roundings.
 */
export function adjustHue(pixels: usize, plane: usize, shift: i32): void {
  const turn = f32x4.splat(f32(shift));
  const one = i16x8.splat(1);
  for (const end = pixels + plane; pixels < end; pixels += 8) {
    const red = loadBytes(pixels);
    const green = loadBytes(pixels + plane);
    const blue = loadBytes(pixels + 2 * plane);
    const value = i16x8.max_s(i16x8.max_s(red, green), blue);
    const least = i16x8.min_s(i16x8.min_s(red, green), blue);
    const middle = i16x8.sub(i16x8.add(i16x8.add(red, green), blue), i16x8.add(value, least));
    const chroma = i16x8.sub(value, least);

    // In sixths of a turn Pillow's hue is `base` plus or minus (max - middle) / chroma: of its two quotients one is 1.
    const greenLeast = i16x8.lt_s(green, blue);
    const redBelowBlue = i16x8.lt_s(red, blue);
    const redBelowGreen = i16x8.lt_s(red, green);
    const isRed = i16x8.eq(value, red);
    const isGreen = i16x8.eq(value, green);
    const base = v128.bitselect(
      i16x8.add(one, i16x8.shl(greenLeast, 1)),
      v128.bitselect(
        i16x8.sub(one, i16x8.shl(redBelowBlue, 1)),
        i16x8.add(i16x8.splat(5), i16x8.shl(redBelowGreen, 1)),
        isGreen,
      ),
      isRed,
    );
    const minus = v128.bitselect(
      v128.not(greenLeast),
      v128.bitselect(redBelowBlue, v128.not(redBelowGreen), isGreen),
      isRed,
    );
    const distance = i16x8.sub(v128.xor(i16x8.sub(value, middle), minus), minus);

    const lowHue = hue(lowFloats(base), lowFloats(distance), lowFloats(chroma), turn);
    const highHue = hue(highFloats(base), highFloats(distance), highFloats(chroma), turn);
    const lowValue = lowFloats(value);
    const highValue = highFloats(value);
    const lowSaturation = saturation(lowFloats(chroma), lowValue);
    const highSaturation = saturation(highFloats(chroma), highValue);
    const lowSector = sector(lowHue);
    const highSector = sector(highHue);

    const p = i16x8.narrow_i32x4_s(floorFalling(lowValue, lowSaturation), floorFalling(highValue, highSaturation));
    const x = i16x8.narrow_i32x4_s(
      slope(lowValue, lowSaturation, lowHue, lowSector),
      slope(highValue, highSaturation, highHue, highSector),
    );
    const i = i16x8.narrow_i32x4_s(floorToInt(lowSector), floorToInt(highSector));
    const is0 = v128.or(i16x8.eq(i, i16x8.splat(0)), i16x8.eq(i, i16x8.splat(6)));
    const is1 = i16x8.eq(i, one);
    const is2 = i16x8.eq(i, i16x8.splat(2));
    const is3 = i16x8.eq(i, i16x8.splat(3));
    const is4 = i16x8.eq(i, i16x8.splat(4));
    const is5 = i16x8.eq(i, i16x8.splat(5));
    storeBytes(pixels, choose(value, p, x, v128.or(is2, is3), v128.or(is1, is4)));
    storeBytes(pixels + plane, choose(value, p, x, v128.or(is4, is5), v128.or(is0, is3)));
    storeBytes(pixels + 2 * plane, choose(value, p, x, v128.or(is0, is1), v128.or(is2, is5)));
  }
}

// H as Pillow has it, shifted and wrapped, as integral floats.
// @ts-ignore: decorator
@inline
function hue(base: v128, distance: v128, chroma: v128, turn: v128): v128 {
  const sixths = f32x4.add(base, f32x4.div(distance, f32x4.max(chroma, f32x4.splat(1))));
  const part = f32x4.div(sixths, f32x4.splat(6));
  const h = f32x4.add(part, v128.and(f32x4.lt(part, f32x4.splat(0)), f32x4.splat(1)));
  // Pillow truncates h * 255 in double; no h that a colour has comes so near an integer that float32 differs.
  const shifted = f32x4.add(f32x4.floor(f32x4.mul(h, f32x4.splat(255))), turn);
  return f32x4.sub(shifted, v128.and(f32x4.ge(shifted, f32x4.splat(256)), f32x4.splat(256)));
}

// @ts-ignore: decorator
@inline
function saturation(chroma: v128, value: v128): v128 {
  return f32x4.floor(f32x4.div(f32x4.mul(chroma, f32x4.splat(255)), f32x4.max(value, f32x4.splat(1))));
}

// 6 H div 255, in 0 .. 6.
// @ts-ignore: decorator
@inline
function sector(h: v128): v128 {
  return f32x4.floor(f32x4.mul(f32x4.add(f32x4.mul(h, f32x4.splat(6)), f32x4.splat(0.5)), f32x4.splat(1.0 / 255.0)));
}

// p: round(v (255 - s) / 255).
// @ts-ignore: decorator
@inline
function floorFalling(value: v128, s: v128): v128 {
  const n = f32x4.mul(value, f32x4.sub(f32x4.splat(255), s));
  return floorToInt(f32x4.mul(f32x4.add(n, f32x4.splat(127.5)), f32x4.splat(1.0 / 255.0)));
}

// q in odd sectors, t in even ones: round(v (65025 - s f) / 65025). No sector needs both.
// @ts-ignore: decorator
@inline
function slope(value: v128, s: v128, h: v128, i: v128): v128 {
  const f = f32x4.sub(f32x4.mul(h, f32x4.splat(6)), f32x4.mul(i, f32x4.splat(255)));
  const half = f32x4.mul(i, f32x4.splat(0.5));
  const even = f32x4.eq(half, f32x4.floor(half));
  const g = v128.bitselect(f32x4.sub(f32x4.splat(255), f), f, even);
  const n = f32x4.mul(value, f32x4.sub(f32x4.splat(65025), f32x4.mul(s, g)));
  return floorToInt(f32x4.div(f32x4.add(n, f32x4.splat(32512)), f32x4.splat(65025)));
}

// @ts-ignore: decorator
@inline
function choose(value: v128, p: v128, x: v128, isP: v128, isX: v128): v128 {
  return v128.bitselect(p, v128.bitselect(x, value, isX), isP);
}
