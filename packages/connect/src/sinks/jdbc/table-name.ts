import type { DecodedRecord } from '../record-decoder.ts'

const placeholder = /\$\{([^}]*)\}/g

export interface TableNameRules {
  readonly format: string
  /** Whether the dots of a topic separate schema and table, or become underscores. */
  readonly dots: 'separate' | 'underscore'
  readonly changeCase: (name: string) => string
}

/** Names tables after topics and, where the format asks for it, after the source of a change event. */
export function tableNames(rules: TableNameRules): (record: DecodedRecord) => string {
  const byTopic = new Map<string, string>()
  const hasSource = /\$\{source\./.test(rules.format)
  return (record) => {
    const known = hasSource ? undefined : byTopic.get(record.topic)
    if (known !== undefined) return known
    const name = nameOf(record, rules)
    if (!hasSource) byTopic.set(record.topic, name)
    return name
  }
}

function nameOf(record: DecodedRecord, { format, dots, changeCase }: TableNameRules): string {
  const text = format.replaceAll(placeholder, (whole, name: string) => {
    if (name === 'topic') return dots === 'underscore' ? record.topic.replaceAll('.', '_') : record.topic
    if (!name.startsWith('source.')) return whole
    const source = (record.value as { readonly source?: Readonly<Record<string, unknown>> } | null)?.source
    const part = source?.[name.slice('source.'.length)]
    if (part === undefined || part === null) throw new TypeError(`the record has no ${name}, which names its table`)
    return String(part)
  })
  // `catalog.schema.table`, of which a connection sees one catalog.
  return changeCase(text.split('.').slice(-2).join('.'))
}

/** Whether a field is among those to write, given as `field` or `topic:field`. */
export function fieldFilter(
  included: readonly string[],
  excluded: readonly string[],
): (topic: string, field: string) => boolean {
  const has = (list: ReadonlySet<string>, topic: string, field: string) =>
    list.has(field) || list.has(`${topic}:${field}`)
  const [include, exclude] = [new Set(included), new Set(excluded)]
  return (topic, field) =>
    (include.size === 0 || has(include, topic, field)) && (exclude.size === 0 || !has(exclude, topic, field))
}
