import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ComparedRecord, ComparedTopics } from './normal-form.ts'

const folder = join(import.meta.dirname, 'fixtures')

interface Stored {
  /** Each schema once. */
  readonly schemas: readonly unknown[]
  readonly topics: Readonly<Record<string, readonly ComparedRecord[]>>
}

const fileOf = (configuration: string): string => join(folder, `${configuration}.json`)

export function writeFixture(configuration: string, topics: ComparedTopics): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(fileOf(configuration), fixtureText(topics))
}

export function readFixtureText(configuration: string): string {
  return readFileSync(fileOf(configuration), 'utf8')
}

/** What Debezium made of the statements. */
export function readFixture(configuration: string): ComparedTopics {
  const { schemas, topics } = JSON.parse(readFixtureText(configuration)) as Stored
  const whole = (part: unknown): unknown => {
    if (typeof part !== 'object' || part === null || !('schema' in part) || typeof part.schema !== 'number') return part
    return { ...part, schema: structuredClone(schemas[part.schema]) }
  }
  const restored = Object.entries(topics).map(([topic, records]) => [
    topic,
    records.map(({ key, value, headers }) => ({ key: whole(key), value: whole(value), headers })),
  ])
  return Object.fromEntries(restored) as ComparedTopics
}

/** One record a line. */
export function fixtureText(topics: ComparedTopics): string {
  const places = new Map<string, number>()
  const short = (part: unknown): unknown => {
    if (typeof part !== 'object' || part === null || !('schema' in part) || !('payload' in part)) return part
    const text = JSON.stringify(part.schema)
    if (!places.has(text)) places.set(text, places.size)
    return { ...part, schema: places.get(text) }
  }
  const list = (lines: readonly string[]): string => (lines.length === 0 ? '[]' : `[\n${lines.join(',\n')}\n]`)
  const parts = Object.entries(topics).map(([topic, records]) => {
    const lines = records.map(({ key, value, headers }) =>
      JSON.stringify({ key: short(key), value: short(value), headers }),
    )
    return `${JSON.stringify(topic)}: ${list(lines)}`
  })
  return `{"schemas": ${list([...places.keys()])},\n"topics": {\n${parts.join(',\n')}\n}}\n`
}
