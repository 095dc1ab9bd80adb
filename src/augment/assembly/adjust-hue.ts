import { floorToInt, highFloats, loadBytes, lowFloats, storeBytes } from './vectors';

/**
 * Shifts the hue of three planes, in place, through Pillow's 8-bit HSV and back: Pillow/Convert.c, `rgb2hsv_row` and
 * `hsv2rgb`. `shift` in [0, 255] is added to H modulo 256. torchvision/transforms/functional_pil.py, `adjust_hue`.
 *
 * Two divisions a pixel remain. The way back is made of whole numbers: where Pillow rounds `v * (1 - s * f)`, this takes the rounded
 * product `v * s * f` from `v`, which is the same since no quotient by 255 or 65025 lies half way between two whole numbers.
 */
export function adjustHue(pixels: usize, plane: usize, shift: i32): void {
  const turn = i16x8.splat(<i16>shift);
  const byte = i16x8.splat(255);
  const one = i16x8.splat(1);
  for (const end = pixels + plane; pixels < end; pixels += 8) {
    const red = loadBytes(pixels);
    const green = loadBytes(pixels + plane);
    const blue = loadBytes(pixels + 2 * plane);
    const value = i16x8.max_s(i16x8.max_s(red, green), blue);
    const chroma = i16x8.sub(value, i16x8.min_s(i16x8.min_s(red, green), blue));

    // In sixths of a turn Pillow's hue is an odd number plus or minus (max - middle) / chroma: of its two quotients one is 1.
    const isRed = i16x8.eq(value, red);
    const isGreen = i16x8.eq(value, green);
    const others = v128.bitselect(
      i16x8.sub(green, blue),
      v128.bitselect(i16x8.sub(blue, red), i16x8.sub(red, green), isGreen),
      isRed,
    );
    const sign = i16x8.shr_s(others, 15);
    const distance = i16x8.sub(i16x8.sub(others, v128.xor(chroma, sign)), v128.and(sign, one));
    const third = v128.andnot(i16x8.sub(i16x8.splat(4), v128.and(isGreen, i16x8.splat(2))), isRed);
    const base = i16x8.add(i16x8.add(third, one), i16x8.shl(sign, 1));

    const divisor = i16x8.max_s(chroma, one);
    const turned = i16x8.narrow_i32x4_s(
      hue(lowFloats(base), lowFloats(distance), lowFloats(divisor)),
      hue(highFloats(base), highFloats(distance), highFloats(divisor)),
    );
    const brightest = i16x8.max_s(value, one);
    const saturated = i16x8.narrow_i32x4_s(
      saturation(lowFloats(chroma), lowFloats(brightest)),
      saturation(highFloats(chroma), highFloats(brightest)),
    );

    // A hue below 0 is one of a turn of 255 more, but what is shifted goes round in 256.
    const wrapped = i16x8.add(turned, i16x8.shr_u(i16x8.shr_s(turned, 15), 8));
    const six = i16x8.mul(v128.and(i16x8.add(wrapped, turn), byte), i16x8.splat(6));
    const sector = i16x8.shr_u(i16x8.add(i16x8.add(six, one), i16x8.shr_u(six, 8)), 8);
    const fraction = i16x8.sub(six, i16x8.mul(sector, byte));
    // f in odd sectors, 255 - f in even ones: no sector needs both.
    const isEven = i16x8.sub(v128.and(sector, one), one);
    const share = v128.xor(fraction, v128.and(isEven, byte));
    const product = i16x8.mul(value, saturated);
    const p = i16x8.sub(value, over255(product));
    const x = i16x8.sub(
      value,
      i16x8.narrow_i32x4_s(
        over65025(i32x4.extmul_low_i16x8_u(product, share)),
        over65025(i32x4.extmul_high_i16x8_u(product, share)),
      ),
    );
    // H of 255 is sector 6, as good as 0. Of p <= x <= value each channel has one, by how far its own sectors are.
    const twice = i16x8.shl(v128.andnot(sector, i16x8.eq(sector, i16x8.splat(6))), 1);
    const fromRed = i16x8.abs(i16x8.sub(twice, i16x8.splat(5)));
    const fromGreen = i16x8.abs(i16x8.sub(twice, i16x8.splat(3)));
    const fromBlue = i16x8.abs(i16x8.sub(twice, i16x8.splat(7)));
    const two = i16x8.splat(2);
    const four = i16x8.splat(4);
    storeBytes(pixels, choose(value, p, x, i16x8.gt_s(fromRed, two), i16x8.gt_s(fromRed, four)));
    storeBytes(pixels + plane, choose(value, p, x, i16x8.lt_s(fromGreen, four), i16x8.lt_s(fromGreen, two)));
    storeBytes(pixels + 2 * plane, choose(value, p, x, i16x8.lt_s(fromBlue, four), i16x8.lt_s(fromBlue, two)));
  }
}

/**
 * Pillow's H before the shift, or what is 255 below it. Pillow divides by 6 and multiplies by 255, rounding each, and where the hue is
 * a whole number these roundings decide. Of the pairs of factors whose product is 42.5, this one decides for every colour as they do.
 */
// @ts-ignore: decorator
@inline
function hue(base: v128, distance: v128, chroma: v128): v128 {
  const sixths = f32x4.add(base, f32x4.div(distance, chroma));
  return floorToInt(f32x4.mul(f32x4.mul(sixths, f32x4.splat(1.33579552)), f32x4.splat(31.816246)));
}

// @ts-ignore: decorator
@inline
function saturation(chroma: v128, value: v128): v128 {
  return floorToInt(f32x4.div(f32x4.mul(chroma, f32x4.splat(255)), value));
}

// round(x / 255) of unsigned 16-bit lanes up to 65025.
// @ts-ignore: decorator
@inline
function over255(x: v128): v128 {
  const t = i16x8.add(x, i16x8.splat(128));
  return i16x8.shr_u(i16x8.add(t, i16x8.shr_u(t, 8)), 8);
}

// round(x / 65025) of products of three bytes: adding 1.5 * 2^23 rounds.
// @ts-ignore: decorator
@inline
function over65025(x: v128): v128 {
  const quotient = f32x4.mul(f32x4.convert_i32x4_s(x), f32x4.splat(1.0 / 65025.0));
  return v128.and(f32x4.add(quotient, f32x4.splat(12582912)), i32x4.splat(255));
}

// @ts-ignore: decorator
@inline
function choose(value: v128, p: v128, x: v128, isAboveP: v128, isValue: v128): v128 {
  return i16x8.max_u(i16x8.max_u(p, v128.and(x, isAboveP)), v128.and(value, isValue));
}
