/** A stream of numbers in [0, 1) that a picture is drawn from (mulberry32): the same number gives the same picture. */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
}

/** What a scene draws with: numbers, and shapes in a frame of 400 by 300 that is cut to the picture's own shape. */
export interface Pen {
  /** An integer in [low, high]. */
  between(low: number, high: number): number;
  /** A colour near a hue in degrees. */
  colour(hue: number, lightness?: number): string;
  /** One of the given values. */
  oneOf<T>(values: readonly T[]): T;
}

/** A scene: the shapes of one picture, as the inside of an SVG. */
export type Scene = (pen: Pen) => string;

const frame = { width: 400, height: 300 };

/** A whole SVG of a scene, `width` by `height` pixels, decided by `seed` alone. No text, so no fonts are needed. */
export function draw(scene: Scene, width: number, height: number, seed: number): string {
  const next = numbersFrom(seed);
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  const pen: Pen = {
    between,
    colour: (hue, lightness = 50) =>
      `hsl(${(hue + between(-14, 14) + 360) % 360},${between(55, 85)}%,${lightness + between(-8, 8)}%)`,
    oneOf: (values) => values[between(0, values.length - 1)]!,
  };
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"` +
    ` viewBox="0 0 ${frame.width} ${frame.height}" preserveAspectRatio="xMidYMid slice">${scene(pen)}</svg>`
  );
}

const rect = (x: number, y: number, w: number, h: number, fill: string, rest = '') =>
  `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="${fill}" ${rest}/>`;
const disc = (x: number, y: number, r: number, fill: string, rest = '') =>
  `<circle cx="${x}" cy="${y}" r="${r}" fill="${fill}" ${rest}/>`;
const shape = (points: string, fill: string) => `<polygon points="${points}" fill="${fill}"/>`;
const line = (d: string, stroke: string, width: number) =>
  `<path d="${d}" fill="none" stroke="${stroke}" stroke-width="${width}" stroke-linecap="round"/>`;
const repeat = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => part(i)).join('');

/** A background that fades from top to bottom. */
function fade(top: string, bottom: string): string {
  return (
    `<defs><linearGradient id="fade" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${top}"/>` +
    `<stop offset="1" stop-color="${bottom}"/></linearGradient></defs>${rect(0, 0, 400, 300, 'url(#fade)')}`
  );
}

/** Blades of grass below a height: fine detail, in which a blur or a sharpening can be seen. */
function grass(pen: Pen, from: number): string {
  return (
    rect(0, from, 400, 300 - from, pen.colour(110, 32)) +
    repeat(160, () => {
      const [x, y] = [pen.between(0, 400), pen.between(from, 300)];
      return line(
        `M${x} ${y} l${pen.between(-4, 4)} ${-pen.between(5, 14)}`,
        pen.colour(100, pen.between(28, 52)),
        1.5,
      );
    })
  );
}

/** A tench: a fish that looks to the left, in green water. */
export const tench: Scene = (pen) => {
  const [x, y, size] = [pen.between(150, 230), pen.between(120, 180), pen.between(60, 95)];
  const body = pen.colour(85, 38);
  return (
    fade(pen.colour(170, 55), pen.colour(190, 25)) +
    repeat(24, () =>
      disc(pen.between(0, 400), pen.between(0, 300), pen.between(2, 7), pen.colour(180, 75), 'opacity="0.6"'),
    ) +
    shape(`${x + size},${y} ${x + size * 1.7},${y - size / 2} ${x + size * 1.6},${y + size / 2}`, body) +
    `<ellipse cx="${x}" cy="${y}" rx="${size * 1.2}" ry="${size / 2}" fill="${body}"/>` +
    repeat(28, (i) =>
      disc(
        x - size * 0.5 + (i % 7) * size * 0.2,
        y - size * 0.24 + Math.floor(i / 7) * size * 0.16,
        size * 0.07,
        pen.colour(70, 52),
      ),
    ) +
    shape(
      `${x - 10},${y - size * 0.45} ${x + size * 0.5},${y - size * 0.8} ${x + size * 0.6},${y - size * 0.35}`,
      pen.colour(15, 45),
    ) +
    disc(x - size * 0.85, y - size * 0.1, size * 0.1, '#fff') +
    disc(x - size * 0.87, y - size * 0.1, size * 0.05, '#111')
  );
};

/** A church with its tower on the left, on a meadow. */
export const church: Scene = (pen) => {
  const [x, wall] = [pen.between(90, 150), pen.colour(35, 72)];
  return (
    fade(pen.colour(210, 58), pen.colour(200, 85)) +
    disc(pen.between(280, 380), pen.between(30, 80), pen.between(14, 26), pen.colour(48, 62)) +
    grass(pen, 235) +
    rect(x + 40, 150, 150, 95, wall) +
    shape(`${x + 30},150 ${x + 115},${pen.between(85, 110)} ${x + 200},150`, pen.colour(8, 40)) +
    rect(x, 90, 50, 155, pen.colour(35, 64)) +
    shape(`${x - 5},90 ${x + 25},${pen.between(15, 45)} ${x + 55},90`, pen.colour(220, 30)) +
    repeat(3, (i) => rect(x + 68 + i * 40, 175, 18, 40, pen.colour(220, 35), 'rx="9"')) +
    rect(x + 15, 200, 20, 45, pen.colour(25, 25), 'rx="10"') +
    repeat(30, (i) => line(`M${x + 42 + (i % 6) * 25} ${160 + Math.floor(i / 6) * 17} h14`, 'rgba(0,0,0,0.18)', 1))
  );
};

/** A golf ball with its dimples on a lawn. */
export const golfBall: Scene = (pen) => {
  const [x, y, r] = [pen.between(140, 260), pen.between(150, 190), pen.between(55, 85)];
  return (
    fade(pen.colour(205, 70), pen.colour(120, 60)) +
    grass(pen, 140) +
    `<ellipse cx="${x + r * 0.4}" cy="${y + r}" rx="${r}" ry="${r * 0.2}" fill="rgba(0,0,0,0.35)"/>` +
    disc(x, y, r, '#f4f4ee') +
    repeat(60, (i) => {
      const [angle, away] = [i * 2.4, Math.sqrt(i / 60) * r * 0.93];
      return disc(Math.round(x + away * Math.cos(angle)), Math.round(y + away * Math.sin(angle)), r * 0.055, '#c9c9c0');
    }) +
    disc(x - r * 0.35, y - r * 0.4, r * 0.22, '#fff', 'opacity="0.8"')
  );
};

/** A parachute of many colours in the sky. */
export const parachute: Scene = (pen) => {
  const [x, y, r, hue] = [pen.between(150, 250), pen.between(110, 150), pen.between(70, 95), pen.between(0, 360)];
  return (
    fade(pen.colour(215, 45), pen.colour(205, 80)) +
    repeat(
      5,
      () =>
        `<ellipse cx="${pen.between(0, 400)}" cy="${pen.between(20, 280)}" rx="${pen.between(30, 70)}" ry="${pen.between(8, 18)}" fill="#fff" opacity="0.75"/>`,
    ) +
    repeat(6, (i) => {
      const [from, to] = [x - r + (i * r) / 3, x - r + ((i + 1) * r) / 3];
      return `<path d="M${x} ${y - r} Q${from} ${y - r * 0.7} ${from} ${y} H${to} Q${to} ${y - r * 0.7} ${x} ${y - r}" fill="${pen.colour(hue + i * 55)}"/>`;
    }) +
    repeat(7, (i) => line(`M${x - r + (i * r) / 3} ${y} L${x} ${y + r * 1.2}`, '#333', 1)) +
    disc(x, y + r * 1.2, 7, pen.colour(25, 60)) +
    rect(x - 6, y + r * 1.25, 12, 26, pen.colour(hue + 180, 35))
  );
};

/** A street: houses, trees, and a car that drives to the left. */
export const street: Scene = (pen) => {
  const [car, paint] = [pen.between(60, 220), pen.colour(pen.between(0, 360))];
  return (
    fade(pen.colour(205, 62), pen.colour(40, 85)) +
    repeat(5, (i) => {
      const height = pen.between(70, 150);
      const wall = pen.colour(pen.oneOf([10, 35, 200, 280]), 60);
      return (
        rect(i * 82, 215 - height, 76, height, wall) +
        repeat(6, (j) =>
          rect(
            i * 82 + 10 + (j % 3) * 22,
            225 - height + Math.floor(j / 3) * 32,
            13,
            18,
            pen.colour(50, pen.oneOf([25, 78])),
          ),
        )
      );
    }) +
    rect(0, 215, 400, 85, '#55565a') +
    repeat(8, (i) => rect(i * 56, 262, 30, 5, '#eee')) +
    rect(car, 218, 120, 28, paint, 'rx="8"') +
    shape(`${car + 25},220 ${car + 42},196 ${car + 88},196 ${car + 104},220`, pen.colour(200, 75)) +
    repeat(2, (i) => disc(car + 26 + i * 68, 248, 13, '#1c1c1c') + disc(car + 26 + i * 68, 248, 5, '#aaa')) +
    disc(car + 4, 230, 5, '#ffe27a') +
    repeat(pen.between(1, 3), () => {
      const x = pen.between(20, 380);
      return rect(x - 4, 170, 8, 50, pen.colour(25, 28)) + disc(x, 155, pen.between(18, 30), pen.colour(115, 35));
    })
  );
};

/** A shelf with bottles, boxes and balls of many colours. */
export const shelf: Scene = (pen) =>
  fade(pen.colour(30, 88), pen.colour(25, 72)) +
  repeat(3, (row) => {
    const floor = 92 + row * 98;
    return (
      repeat(8, (i) => {
        const [x, fill, height] = [
          12 + i * 49,
          pen.colour(pen.between(0, 360), pen.between(35, 65)),
          pen.between(34, 66),
        ];
        const bottle =
          rect(x, floor - height, 26, height, fill, 'rx="6"') + rect(x + 8, floor - height - 14, 10, 16, fill);
        const box = rect(x, floor - height, 36, height, fill) + rect(x, floor - height + 8, 36, 6, '#fff');
        return pen.oneOf([bottle, box, disc(x + 17, floor - 17, 17, fill), bottle]);
      }) + rect(0, floor, 400, 9, pen.colour(25, 30))
    );
  });

/** A room: a window, a lamp, a picture and a table. */
export const room: Scene = (pen) => {
  const [wall, window, table] = [pen.oneOf([45, 160, 210, 330]), pen.between(30, 120), pen.between(170, 230)];
  return (
    fade(pen.colour(wall, 82), pen.colour(wall, 70)) +
    repeat(20, (i) => line(`M${i * 21} 0 V210`, 'rgba(255,255,255,0.35)', 3)) +
    rect(0, 210, 400, 90, pen.colour(28, 38)) +
    repeat(6, (i) => line(`M0 ${220 + i * 15} H400`, 'rgba(0,0,0,0.25)', 1)) +
    rect(window, 40, 100, 110, '#fff') +
    rect(window + 6, 46, 88, 98, pen.colour(205, 68)) +
    rect(window + 47, 46, 6, 98, '#fff') +
    rect(window, 92, 100, 6, '#fff') +
    line('M330 0 V50', '#222', 2) +
    shape('305,90 355,90 342,50 318,50', pen.colour(48, 62)) +
    rect(table, 190, 150, 12, pen.colour(22, 30)) +
    rect(table + 12, 202, 10, 75, pen.colour(22, 26)) +
    rect(table + 128, 202, 10, 75, pen.colour(22, 26)) +
    disc(table + pen.between(30, 60), 178, 13, pen.colour(0, 48)) +
    disc(table + pen.between(80, 120), 176, 15, pen.colour(95, 45))
  );
};

/** People on a beach, in coats of their own. */
export const people: Scene = (pen) =>
  fade(pen.colour(200, 65), pen.colour(30, 80)) +
  rect(0, 130, 400, 55, pen.colour(200, 38)) +
  repeat(14, () => line(`M${pen.between(0, 380)} ${pen.between(136, 180)} q10 -5 20 0`, '#dff', 1.5)) +
  rect(0, 185, 400, 115, pen.colour(42, 70)) +
  repeat(pen.between(2, 4), (i) => {
    const [x, y, coat] = [60 + i * 90 + pen.between(-20, 20), pen.between(110, 150), pen.colour(pen.between(0, 360))];
    const legs = pen.colour(225, 25);
    return (
      line(`M${x - 7} ${y + 75} L${x - 12} ${y + 125} M${x + 7} ${y + 75} L${x + 14} ${y + 125}`, legs, 11) +
      line(
        `M${x - 14} ${y + 30} L${x - 34} ${y + pen.between(10, 70)} M${x + 14} ${y + 30} L${x + 32} ${y + 65}`,
        coat,
        9,
      ) +
      rect(x - 18, y + 16, 36, 64, coat, 'rx="10"') +
      disc(x, y, 16, pen.colour(25, pen.oneOf([38, 55, 75]))) +
      `<path d="M${x - 16} ${y} a16 16 0 0 1 32 0 z" fill="${pen.colour(30, 20)}"/>`
    );
  });

/** Fields, a runway, roads and small aircraft, from above. */
export const aerial: Scene = (pen) =>
  rect(0, 0, 400, 300, pen.colour(90, 35)) +
  repeat(30, (i) => rect((i % 6) * 68, Math.floor(i / 6) * 60, 66, 58, pen.colour(pen.oneOf([40, 75, 95, 120]), 42))) +
  repeat(60, () => {
    const [x, y] = [pen.between(0, 400), pen.between(0, 300)];
    return rect(x, y, pen.between(4, 9), pen.between(4, 9), pen.colour(pen.oneOf([10, 30, 210]), 65));
  }) +
  line(`M0 ${pen.between(20, 280)} Q200 ${pen.between(0, 300)} 400 ${pen.between(20, 280)}`, '#777', 7) +
  `<g transform="rotate(${pen.between(-50, 50)} 200 150)">${rect(60, 138, 280, 26, '#6b6b70')}${repeat(12, (i) => rect(70 + i * 22, 150, 12, 2, '#fff'))}</g>` +
  repeat(pen.between(4, 9), () => {
    const [x, y, turn] = [pen.between(60, 340), pen.between(20, 280), pen.between(0, 359)];
    return `<g transform="translate(${x} ${y}) rotate(${turn})" fill="#f2f2f2"><rect x="-2" y="-12" width="4" height="24"/><rect x="-11" y="-3" width="22" height="4"/><rect x="-5" y="8" width="10" height="3"/></g>`;
  });

/** A chart or a sign, as pictures of the web often are. */
export const chart: Scene = (pen) => {
  const hue = pen.between(0, 360);
  const bars = repeat(9, (i) => {
    const height = pen.between(30, 190);
    return rect(30 + i * 39, 250 - height, 28, height, pen.colour(hue + i * 12));
  });
  const rings = repeat(6, (i) => disc(200, 150, 135 - i * 22, pen.colour(hue + (i % 2) * 150, 45 + i * 5)));
  const tiles = repeat(48, (i) =>
    rect((i % 8) * 50, Math.floor(i / 8) * 50, 47, 47, pen.colour(hue + pen.between(0, 120))),
  );
  return (
    fade('#ffffff', pen.colour(hue, 90)) + pen.oneOf([bars, rings, tiles]) + line('M20 250 H380 M20 250 V20', '#222', 3)
  );
};
