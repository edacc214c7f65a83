import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { javaUnavailable } from '../java/wire.ts'
import { startPostgres } from '../support/postgres.ts'
import { configurations } from './configurations.ts'
import { debezium } from './debezium.ts'
import { type Deviation, deviations } from './deviations.ts'
import { differences } from './differences.ts'
import { fixtureText, readFixture, readFixtureText } from './fixtures.ts'
import { millrace } from './millrace.ts'
import { anyDatabase, type ComparedTopics, sameDatabase } from './normal-form.ts'
import { type Captured, capture, serverSettings } from './scenario.ts'

const withoutJava = javaUnavailable()

describe('events of PostgreSQL', () => {
  let results: Map<string, Map<string, Captured>>
  const met = new Set<Deviation>()

  before(async () => {
    await using postgres = await startPostgres({ settings: serverSettings })
    const contestants = withoutJava === undefined ? [debezium(), millrace()] : [millrace()]
    results = await capture(postgres, contestants, configurations)
  })

  for (const { name } of configurations) {
    const ours = (): Captured => results.get('millrace')!.get(name)!
    const theirs = (): Captured => results.get('debezium')!.get(name)!

    test(`are what Debezium once made of the same statements: ${name}`, () => {
      compare(name, readFixture(name), anyDatabase(ours()), met)
    })

    test(`are what Debezium makes at the same time, positions and times included: ${name}`, {
      skip: withoutJava,
    }, () => {
      compare(name, sameDatabase(theirs()), sameDatabase(ours()), met)
      for (const [topic, records] of theirs()) {
        const keys = ours()
          .get(topic)
          ?.map(({ key }) => key)
        assert.deepEqual(
          keys,
          records.map(({ key }) => key),
          `keys of ${topic}, byte by byte`,
        )
      }
    })

    test(`the fixture is what Debezium makes: ${name}`, { skip: withoutJava }, () => {
      const anonymous = (text: string): string => text.replaceAll(/MessageId@[0-9a-f]+/g, 'MessageId@0')
      assert.equal(anonymous(fixtureText(anyDatabase(theirs()))), anonymous(readFixtureText(name)))
    })
  }

  after(() => {
    const stale = deviations.filter((deviation) => !met.has(deviation))
    assert.deepEqual(stale, [], 'deviations that nothing shows any more')
  })
})

/** Every difference has to be among the deviations. */
function compare(configuration: string, debezium: ComparedTopics, millrace: ComparedTopics, met: Set<Deviation>): void {
  assert.deepEqual(Object.keys(millrace), Object.keys(debezium), 'topics')
  const unexpected: unknown[] = []
  for (const [topic, records] of Object.entries(debezium)) {
    for (const difference of differences(records, millrace[topic])) {
      const known = deviations.find(
        (one) =>
          (one.configurations?.includes(configuration) ?? true) &&
          one.topic.test(topic) &&
          one.path.test(difference.path),
      )
      if (known) met.add(known)
      else unexpected.push({ topic, ...difference })
    }
  }
  assert.deepEqual(unexpected, [])
}
