/** A figure over time. */
export interface Series {
  readonly name: string
  readonly unit: 'MB' | ''
  readonly points: readonly { readonly atMs: number; readonly value: number }[]
}

/** How much a figure may grow in an hour, whichever is more: so much, or such a share of its mean. */
export interface Bound {
  readonly perHour: number
  readonly share: number
}

export interface Trend {
  readonly name: string
  readonly unit: string
  readonly mean: number
  readonly highest: number
  readonly growthPerHour: number
  readonly boundPerHour: number
  readonly isFlat: boolean
}

/** What comes before is warming up: caches fill, code is compiled, windows reach their retention. */
const warmUpShare = 1 / 3
const hourMs = 3_600_000

/** Whether a figure stays where it is, by the slope of the line that fits it best. */
export function trendOf({ name, unit, points }: Series, { perHour, share }: Bound): Trend {
  const [first, last] = [points[0]?.atMs ?? 0, points.at(-1)?.atMs ?? 0]
  const settled = points.filter(({ atMs }) => atMs >= first + (last - first) * warmUpShare)
  const mean = average(settled.map(({ value }) => value))
  const meanMs = average(settled.map(({ atMs }) => atMs))
  const spread = settled.reduce((sum, { atMs }) => sum + (atMs - meanMs) ** 2, 0)
  const rise = settled.reduce((sum, { atMs, value }) => sum + (atMs - meanMs) * (value - mean), 0)
  const growthPerHour = spread === 0 ? 0 : (rise / spread) * hourMs
  const boundPerHour = Math.max(perHour, share * mean)
  const highest = settled.reduce((most, { value }) => Math.max(most, value), 0)
  return { name, unit, mean, highest, growthPerHour, boundPerHour, isFlat: growthPerHour <= boundPerHour }
}

function average(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
