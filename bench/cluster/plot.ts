/** A line of a plot. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Plot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
}

const WIDTH = 720;
const HEIGHT = 360;
const LEFT = 70;
const RIGHT = 180;
const TOP = 50;
const BOTTOM = 55;
/** Told apart without colours, too: by dashes, and by the name at the end of the line. */
const STYLES = [
  ['#1f5fa8', 'none'],
  ['#b4451f', '8 4'],
  ['#2d7d46', '2 4'],
  ['#7a4ea3', '10 3 2 3'],
  ['#8a6d00', '14 4'],
  ['#0f7f8a', '5 5'],
  ['#a3305f', '1 3'],
  ['#555555', '12 3 2 3 2 3'],
] as const;

/** The plot as SVG, which reads on a light and on a dark page. */
export function svgOf({ title, x, y, series }: Plot): string {
  const points = series.flatMap((each) => each.points);
  const maxX = Math.max(...points.map(([each]) => each));
  const maxY = niceCeiling(Math.max(...points.map(([, each]) => each)));
  const atX = (value: number): number => LEFT + (value / maxX) * (WIDTH - LEFT - RIGHT);
  const atY = (value: number): number => HEIGHT - BOTTOM - (value / maxY) * (HEIGHT - TOP - BOTTOM);
  const xs = [...new Set(points.map(([each]) => each))];
  const ys = [0, 1, 2, 3, 4].map((quarter) => (maxY * quarter) / 4);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" ` +
      `aria-label="${title}" font-family="sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(LEFT, 25, title, 'font-size="16" font-weight="bold"'),
    ...ys.map(
      (value) =>
        `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${atY(value)}" y2="${atY(value)}" ` +
        `stroke="#dddddd"/>${text(LEFT - 8, atY(value) + 4, short(value), 'text-anchor="end"')}`,
    ),
    ...xs.map((value) =>
      text(atX(value), HEIGHT - BOTTOM + 18, String(value), 'text-anchor="middle"'),
    ),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x, 'text-anchor="middle"'),
    `<g transform="translate(18 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)">` +
      `${text(0, 0, y, 'text-anchor="middle"')}</g>`,
    ...labelled(series, atY).flatMap(({ name, points: line, labelY }, at) => {
      const [colour = '', dashes = ''] = STYLES[at % STYLES.length] ?? [];
      const path = line.map(([px, py]) => `${atX(px).toFixed(1)},${atY(py).toFixed(1)}`).join(' ');
      return [
        `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2" ` +
          `stroke-dasharray="${dashes}"/>`,
        text(WIDTH - RIGHT + 10, labelY, name, `fill="${colour}"`),
      ];
    }),
    '</svg>',
    '',
  ].join('\n');
}

/** Each name at the end of its line, and none over another. */
function labelled(series: readonly Series[], atY: (value: number) => number) {
  const byEnd = series
    .map((each) => ({ ...each, labelY: atY(each.points.at(-1)?.[1] ?? 0) + 4 }))
    .sort((a, b) => a.labelY - b.labelY);
  let free = -Infinity;
  for (const each of byEnd) {
    each.labelY = Math.max(each.labelY, free);
    free = each.labelY + 16;
  }
  return series
    .map(({ name }) => byEnd.find((each) => each.name === name) ?? byEnd[0])
    .filter((each) => each !== undefined);
}

const text = (x: number, y: number, content: string, style: string): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${/fill=/.test(style) ? '' : 'fill="#222222" '}${style}>${content}</text>`;

/** 1, 2 or 5 times a power of ten, at least `value`. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((each) => each * power).find((each) => each >= value) ?? value;
}

const short = (value: number): string => String(Number(value.toPrecision(3)));
