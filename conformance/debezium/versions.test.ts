import { test } from 'node:test'
import { startPostgres } from '../support/postgres.ts'
import { postgresVersion, postgresVersions } from '../support/postgres-versions.ts'
import { compare } from './compare.ts'
import { configurations } from './configurations.ts'
import { readFixture } from './fixtures.ts'
import { millrace } from './millrace.ts'
import { anyDatabase, type ComparedRecord, type ComparedTopics } from './normal-form.ts'
import { capture, serverSettings } from './scenario.ts'

const all = Object.keys(postgresVersions).map(Number) as (keyof typeof postgresVersions)[]
// The oldest differs most; a run of each takes half a minute.
// What is read anew depends on when: the row may have changed, or be gone. Debezium is not here to wait for.
const comparable = configurations.filter(({ name }) => name !== 'reselected')
const majors = process.env.CI === 'true' ? all.slice(0, 1) : all

for (const major of majors) {
  test(`events of PostgreSQL ${major} are what Debezium made of those of PostgreSQL 18`, async (t) => {
    const programs = await postgresVersion(major)
    if (typeof programs === 'string') return t.skip(programs)
    await using postgres = await startPostgres({ settings: serverSettings, programs })
    const captured = await capture(postgres, [millrace()], comparable)
    for (const [name, topics] of captured.get('millrace')!) {
      const seen = major < 15 ? withoutEmptyTransactions : (same: ComparedTopics) => same
      compare(name, seen(readFixture(name)), seen(anyDatabase(topics)), new Set())
    }
  })
}

/** PostgreSQL before 15 sends the begins and ends also of transactions that changed nothing in published tables. */
function withoutEmptyTransactions(topics: ComparedTopics): ComparedTopics {
  const entries = Object.entries(topics).map(([topic, records]) => {
    const isEmpty = (record: ComparedRecord | undefined): boolean => eventCount(record) === 0
    const kept = records.filter((record, i) => !isEmpty(record) && !(isBegin(record) && isEmpty(records[i + 1])))
    return [topic, kept] as const
  })
  return Object.fromEntries(entries)
}

const isBegin = (record: ComparedRecord): boolean => payload(record)?.status === 'BEGIN'
const eventCount = (record: ComparedRecord | undefined): unknown => record && payload(record)?.event_count

function payload({ value }: ComparedRecord): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return ('payload' in value ? value.payload : value) as Record<string, unknown>
}
