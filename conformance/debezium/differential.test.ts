import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { javaUnavailable } from '../java/wire.ts'
import { startPostgres } from '../support/postgres.ts'
import { compare } from './compare.ts'
import { configurations } from './configurations.ts'
import { debezium } from './debezium.ts'
import { type Deviation, deviations } from './deviations.ts'
import { fixtureText, readFixture, readFixtureText } from './fixtures.ts'
import { millrace } from './millrace.ts'
import { anyDatabase, sameDatabase } from './normal-form.ts'
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
