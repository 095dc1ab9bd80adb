// Draws docs/architecture.svg: the rooms of src and the imports between them, as they are.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { essentialImports, type Room, roomImports, rooms, root, rowsOf } from './architecture.js';

const [gap, high, columnStep, rowStep, left, top] = [20, 46, 196, 86, 20, 58];

/** The picture, as an SVG document. */
export function architecture(): string {
  const imports = roomImports();
  const rows = rowsOf(imports);
  const edges = (name: string): Edges => {
    const room = rooms.find((candidate) => candidate.name === name);
    if (room === undefined) throw new Error(`src/${name} is no room of scripts/architecture.ts: give it a place there`);
    const x = left + room.column * columnStep;
    // A room that imports little stands with its siblings all the same.
    const row = Math.max(rows.get(name)!, name === 'client' ? rows.get('server')! : name === 'errors' ? 0 : 1);
    const y = top + row * rowStep;
    return { x, y, right: x + room.columns * columnStep - gap, bottom: y + high };
  };
  const arrows = essentialImports(imports).map(([from, to]) => arrow(edges(from), edges(to)));
  const [width, height] = [left + 6 * columnStep, top + (Math.max(...rows.values()) + 1) * rowStep - 24];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif">`,
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#555"/></marker></defs>',
    '<rect width="100%" height="100%" fill="#fff"/>',
    text(
      left,
      24,
      'The rooms of src. An arrow leads from a room to one that it imports; all point up.',
      'font-size="14"',
    ),
    text(
      left,
      44,
      'Imports that an imported room makes anyway are left out. Green rooms are pure: no file, no clock, no network.',
      'font-size="12" fill="#555"',
    ),
    ...arrows,
    ...rooms.map((room) => box(room, edges(room.name))),
    '</svg>\n',
  ].join('\n');
}

interface Edges {
  readonly x: number;
  readonly y: number;
  readonly right: number;
  readonly bottom: number;
}

/** From the lower room's upper edge to the upper room's lower edge, straight up where the two overlap. */
function arrow(a: Edges, b: Edges): string {
  const shared = [Math.max(a.x, b.x), Math.min(a.right, b.right)] as const;
  const middle = (shared[0] + shared[1]) / 2;
  const [x1, x2] =
    shared[0] < shared[1] ? [middle, middle] : a.x < b.x ? [a.right - 24, b.x + 24] : [a.x + 24, b.right - 24];
  const bend = Math.min(60, (a.y - b.bottom) / 2);
  const curve = `M${x1} ${a.y} C${x1} ${a.y - bend} ${x2} ${b.bottom + bend} ${x2} ${b.bottom + 3}`;
  return `<path d="${curve}" fill="none" stroke="#777" stroke-width="1.4" marker-end="url(#head)"/>`;
}

function box(room: Room, { x, y, right }: Edges): string {
  const middle = (x + right) / 2;
  const fill = room.pure ? '#e3f1e1' : '#e8edf6';
  return [
    `<rect x="${x}" y="${y}" width="${right - x}" height="${high}" rx="5" fill="${fill}" stroke="#555"/>`,
    text(middle, y + 19, room.name, 'font-size="15" font-weight="bold" text-anchor="middle"'),
    text(middle, y + 36, room.about, 'font-size="12" text-anchor="middle"'),
  ].join('');
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${x}" y="${y}" ${attributes}>${content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(join(root, 'docs/architecture.svg'), architecture());
