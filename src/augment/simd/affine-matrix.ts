/** The six numbers that take an output pixel to its place in the input: `x = m0 X + m1 Y + m2`, `y = m3 X + m4 Y + m5`. */
export type AffineMatrix = [number, number, number, number, number, number];

const radians = (degrees: number) => degrees * (Math.PI / 180);
const degrees = (radians: number) => radians * (180 / Math.PI);

/**
 * The inverse of a rotation by 0 with a translation and a shear, in degrees, around `center`.
 *
 * Source: torchvision/transforms/functional.py, `_get_inverse_affine_matrix`, with angle 0 and scale 1.
 */
export function inverseAffineMatrix(
  [cx, cy]: readonly [number, number],
  [tx, ty]: readonly [number, number],
  shear: readonly [number, number],
): AffineMatrix {
  const sx = radians(shear[0]);
  const sy = radians(shear[1]);
  const a = Math.cos(-sy) / Math.cos(sy);
  const b = (-Math.cos(-sy) * Math.tan(sx)) / Math.cos(sy);
  const c = Math.sin(-sy) / Math.cos(sy);
  const d = (-Math.sin(-sy) * Math.tan(sx)) / Math.cos(sy) + 1;
  const matrix: AffineMatrix = [d, -b, 0, -c, a, 0];
  matrix[2] += matrix[0] * (-cx - tx) + matrix[1] * (-cy - ty);
  matrix[5] += matrix[3] * (-cx - tx) + matrix[4] * (-cy - ty);
  matrix[2] += cx;
  matrix[5] += cy;
  return matrix;
}

/** The matrix of ShearX (`[magnitude, 0]`) and ShearY (`[0, magnitude]`). torchvision autoaugment.py, `_apply_op`. */
export function shearMatrix(x: number, y: number): AffineMatrix {
  return inverseAffineMatrix([0, 0], [0, 0], [degrees(Math.atan(x)), degrees(Math.atan(y))]);
}

/** The matrix of TranslateX and TranslateY, by whole pixels. torchvision autoaugment.py, `_apply_op`. */
export function translateMatrix(size: number, x: number, y: number): AffineMatrix {
  return inverseAffineMatrix([size * 0.5, size * 0.5], [Math.trunc(x), Math.trunc(y)], [0, 0]);
}

/**
 * The matrix of a counter-clockwise turn of a square image around its centre, rounded to 15 decimals.
 *
 * Source: PIL/Image.py, `Image.rotate`, whose quarter turns are not made with a matrix: see `quarterTurns`.
 */
export function rotateMatrix(size: number, angle: number): AffineMatrix {
  const turn = -radians(positive(angle));
  const cos = round15(Math.cos(turn));
  const sin = round15(Math.sin(turn));
  const minusSin = round15(-Math.sin(turn));
  const centre = size / 2;
  return [
    cos,
    sin,
    cos * -centre + sin * -centre + 0 + centre,
    minusSin,
    cos,
    minusSin * -centre + cos * -centre + 0 + centre,
  ];
}

/** How many quarter turns an angle is, 0 to 3; null where it is none. PIL/Image.py, `Image.rotate`. */
export function quarterTurns(angle: number): number | null {
  const turns = positive(angle) / 90;
  return Number.isInteger(turns) ? turns % 4 : null;
}

// Python's `%`: never negative.
function positive(angle: number): number {
  const rest = angle % 360;
  return rest < 0 ? rest + 360 : rest;
}

function round15(x: number): number {
  return Number(x.toFixed(15));
}
