/** Offsets of a time zone, by Java's rules (`ZoneRules.getOffset`). */
export class TimeZone {
  readonly #fixedMs: number | undefined
  readonly #format: Intl.DateTimeFormat | undefined

  /** @param name of a place (`Europe/Paris`), or an offset (`+08:00`). @throws RangeError for an unknown one */
  constructor(name: string) {
    const offset = /^([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(name)
    if (offset) {
      const [, sign, hours, minutes, seconds = '0'] = offset
      const total = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)
      this.#fixedMs = (sign === '-' ? -total : total) * 1000
      return
    }
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  }

  /** Milliseconds that local time is ahead of UTC at an instant. */
  atInstant(epochMs: number): number {
    if (!this.#format) return this.#fixedMs ?? 0
    const parts = new Map(this.#format.formatToParts(epochMs).map(({ type, value }) => [type, value]))
    const number = (name: Intl.DateTimeFormatPartTypes) => Number(parts.get(name))
    const year = parts.get('era') === 'BC' ? 1 - number('year') : number('year')
    const local = new Date(0)
    local.setUTCFullYear(year, number('month') - 1, number('day'))
    local.setUTCHours(number('hour'), number('minute'), number('second'))
    return local.getTime() - Math.floor(epochMs / 1000) * 1000
  }

  /**
   * The same for a local time, given as if it were UTC. Where clocks go back it is one of two instants: the earlier counts;
   * where they go forward there is none: the offset before counts.
   */
  atLocal(localMs: number): number {
    const day = 86_400_000
    const [before, later] = [this.atInstant(localMs - day), this.atInstant(localMs + day)]
    if (before === later || this.atInstant(localMs - before) === before) return before
    return this.atInstant(localMs - later) === later ? later : before
  }
}

/** Milliseconds as an offset in ISO 8601. */
export function offsetText(offsetMs: number): string {
  if (offsetMs === 0) return 'Z'
  const two = (number: number) => String(number).padStart(2, '0')
  const total = Math.abs(offsetMs) / 1000
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60]
  return `${offsetMs < 0 ? '-' : '+'}${two(hours)}:${two(minutes)}${seconds === 0 ? '' : `:${two(seconds)}`}`
}
