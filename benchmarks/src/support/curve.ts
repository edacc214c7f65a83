export interface Curve {
  readonly name: string
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

const width = 720
const height = 360
const left = 70
const right = 150
const top = 20
const bottom = 50
const colors = ['#1f6feb', '#bc4c00']

/** Curves over a logarithmic x axis, as an SVG of its own: it is read on light and dark pages. */
export function drawCurves(curves: readonly Curve[], labels: { readonly x: string; readonly y: string }): string {
  const xs = curves.flatMap(({ points }) => points.map(({ x }) => Math.log10(x)))
  const first = Math.min(...xs)
  const last = Math.max(...xs, first + 1)
  const highest = Math.max(...curves.flatMap(({ points }) => points.map(({ y }) => y))) * 1.1
  const atX = (x: number): number => left + ((Math.log10(x) - first) / (last - first)) * (width - left - right)
  const atY = (y: number): number => height - bottom - (y / highest) * (height - top - bottom)
  const grid = Array.from({ length: 5 }, (_, i) => (highest * i) / 4)
  const ticks = [...new Set(curves.flatMap(({ points }) => points.map(({ x }) => x)))]
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${labels.y}, by ${labels.x}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...grid.map((y) => `<path d="M${left} ${round(atY(y))}H${width - right}" stroke="#d0d7de"/>`),
    ...grid.map((y) => text(left - 8, atY(y) + 4, y.toPrecision(2), 'end')),
    ...ticks.map((x) => text(atX(x), height - bottom + 18, x.toLocaleString('en-US'), 'middle')),
    text((left + width - right) / 2, height - 10, labels.x, 'middle'),
    `<text transform="translate(16 ${height / 2}) rotate(-90)" text-anchor="middle">${labels.y}</text>`,
    ...curves.flatMap(({ name, points }, index) => {
      const color = colors[index % colors.length] as string
      const path = points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${round(atX(x))} ${round(atY(y))}`).join('')
      const end = points.at(-1) ?? { x: 1, y: 0 }
      return [
        `<path d="${path}" fill="none" stroke="${color}" stroke-width="2"/>`,
        ...points.map(({ x, y }) => `<circle cx="${round(atX(x))}" cy="${round(atY(y))}" r="3" fill="${color}"/>`),
        text(atX(end.x) + 8, atY(end.y) + 4, name, 'start'),
      ]
    }),
    '</svg>',
  ]
  return `${lines.join('\n')}\n`
}

function text(x: number, y: number, content: string, anchor: string): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${content}</text>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
