export interface PrometheusSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const label = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"`
const sampleLine = new RegExp(
  String.raw`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(${label}(?:,${label})*)?\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|NaN)$`,
)

/**
 * Reads the Prometheus text format 0.0.4 as strictly as it is written down: HELP and TYPE once and before the samples, each
 * family in one block, no sample twice, counters not negative and named `_total`, a line feed at the end.
 */
export function parsePrometheus(text: string): PrometheusSample[] {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const types = new Map<string, string>()
  const seen = new Set<string>()
  const samples: PrometheusSample[] = []
  let family: string | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line)
    if (comment) {
      const [, kind, name, rest] = comment as unknown as [string, string, string, string]
      if (kind === 'HELP') {
        if (types.has(name)) throw new Error(`${name} has two blocks`)
        types.set(name, '')
        family = name
      } else {
        if (family !== name || types.get(name) !== '') throw new Error(`TYPE of ${name} does not follow its HELP`)
        if (!/^(counter|gauge|histogram|summary|untyped)$/.test(rest)) throw new Error(`${name} has the type ${rest}`)
        types.set(name, rest)
      }
      continue
    }
    const match = sampleLine.exec(line)
    if (!match) throw new Error(`no sample: ${line}`)
    const [, name, labels = '', number] = match as unknown as [string, string, string | undefined, string]
    if (name !== family) throw new Error(`${name} stands in the block of ${family}`)
    if (seen.has(`${name}{${labels}}`)) throw new Error(`${name}{${labels}} twice`)
    seen.add(`${name}{${labels}}`)
    const value = Number(number.replace('Inf', 'Infinity'))
    if (types.get(name) === 'counter' && (!name.endsWith('_total') || !(value >= 0)))
      throw new Error(`${line} is no counter`)
    const pairs = [...labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)]
    samples.push({
      name,
      labels: Object.fromEntries(pairs.map(([, key, text]) => [key, text] as [string, string])),
      value,
    })
  }
  return samples
}
