const fma = (a: number, b: number, c: number) => Math.fround(a * b + c);

const f32 = Math.fround;

/**
 * `torch.exp` of a float32 scalar. torch's CPU kernels call Sleef's `expf8_u10`, which is off by one unit in the last
 * place from the correctly rounded value for a tenth of all inputs; this is the same polynomial with the same roundings.
 *
 * Source: sleef src/libm/sleefsimdsp.c (`xexpf`), with fused multiply-add.
 */
export function exp(x: number): number {
  const q = roundHalfEven(f32(x * f32(Math.LOG2E)));
  let s = fma(q, -f32(0.693145751953125), x);
  s = fma(q, -f32(1.428606765330187e-6), s);
  let u = f32(0.00019852761761285365);
  u = fma(u, s, f32(0.0013930435525253415));
  u = fma(u, s, f32(0.008333360776305199));
  u = fma(u, s, f32(0.041666485369205475));
  u = fma(u, s, f32(0.1666666716337204));
  u = fma(u, s, 0.5);
  return f32(f32(1 + fma(f32(s * s), u, s)) * 2 ** q);
}

/**
 * `torch.log` of a positive float32 scalar, as Sleef's `logf8_u10` computes it. Its double-float terms are doubles here.
 *
 * Source: sleef src/libm/sleefsimdsp.c (`xlogf_u1`), with fused multiply-add.
 */
export function log(value: number): number {
  const d = f32(value);
  const exponent = Math.floor(Math.log2(f32(d * f32(1 / 0.75))));
  const m = d * 2 ** -exponent;
  const x = (m - 1) / (m + 1);
  // The leading part of Sleef's quotient is a product with a rounded reciprocal, not the rounded quotient.
  const high = f32(f32(m - 1) * f32(1 / f32(1 + m)));
  const square = f32(high * high);
  let t = f32(0.3027294874);
  t = fma(t, square, f32(0.3996108174));
  t = fma(t, square, f32(0.666669488));
  return f32(exponent * Math.LN2 + 2 * x + f32(f32(square * high) * t));
}

/** Element `i` of `torch.linspace(start, end, steps)`, float32, which counts from the nearer end. */
export function linspace(start: number, end: number, steps: number, i: number): number {
  const step = f32(f32(f32(end) - f32(start)) / f32(steps - 1));
  return i < Math.floor(steps / 2) ? f32(f32(start) + f32(step * i)) : f32(f32(end) - f32(step * (steps - 1 - i)));
}

/** Python's `round` of a finite number: to the nearest integer, halves to the even one. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
