import type { Summary } from './results.js';
import { grouped } from './statistics.js';

const colours: Readonly<Record<string, string>> = { loader: '#8a8f98', client: '#1f77b4' };
const [left, bar, gap, width] = [330, 18, 6, 980];

/** A bar for each summary's median images a second, with a line from the least to the most, as an SVG document. */
export function chart(summaries: readonly Summary[], label: (contestant: string) => string, caption: string): string {
  const blocks = [...grouped(summaries, ({ files, recipe }) => `${files}, ${recipe ?? 'whichever recipe'}`)];
  const parts: string[] = [];
  let y = 30;
  for (const [title, block] of blocks) {
    // Memory and the wire carry many times what is made; a bar to its scale would flatten all others.
    const shown = block.filter(({ contestant }) => !['wire', 'lent'].includes(contestant));
    if (shown.length === 0) continue;
    const most = Math.max(...shown.map(({ imagesPerSecond }) => imagesPerSecond.most));
    const x = (rate: number) => left + ((width - left - 130) * rate) / most;
    parts.push(text(10, y + 16, title, 'font-weight="bold"'));
    y += 26;
    for (const { contestant, imagesPerSecond: rate, cpuMs } of shown) {
      const colour = colours['replica' in cpuMs ? 'client' : 'loader']!;
      const middle = y + bar / 2;
      parts.push(
        text(left - 8, y + 13, label(contestant), 'text-anchor="end"'),
        `<rect x="${left}" y="${y}" width="${(x(rate.median) - left).toFixed(1)}" height="${bar}" fill="${colour}"/>`,
        `<line x1="${x(rate.least).toFixed(1)}" x2="${x(rate.most).toFixed(1)}" y1="${middle}" y2="${middle}" stroke="#000"/>`,
        text(x(rate.most) + 6, y + 13, `${rate.median.toFixed(0)} images/s`),
      );
      y += bar + gap;
    }
    y += 14;
  }
  const size = `width="${width}" height="${y + 10}" viewBox="0 0 ${width} ${y + 10}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="12">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    text(10, 20, caption, 'fill="#555"'),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped}</text>`;
}
