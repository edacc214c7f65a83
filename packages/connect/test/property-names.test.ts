import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfigDef } from '../src/config/config-def.ts'
import type { ConfigKey } from '../src/config/config-key.ts'
import { confluentJdbcConfig } from '../src/sinks/jdbc/confluent-config.ts'
import { debeziumJdbcConfig } from '../src/sinks/jdbc/debezium-config.ts'
import { debeziumConfig } from '../src/sources/postgres/debezium/debezium-config.ts'
import {
  confluentJdbcSink,
  debeziumDefined,
  debeziumDocumented,
  debeziumJdbcSink,
  debeziumOther,
} from './support/property-names.ts'

const brought: readonly (readonly [string, ConfigDef, readonly string[]])[] = [
  [
    'Debezium for PostgreSQL',
    debeziumConfig as unknown as ConfigDef,
    [...debeziumDefined, ...debeziumDocumented, ...debeziumOther],
  ],
  ['Debezium’s JDBC sink', debeziumJdbcConfig as unknown as ConfigDef, debeziumJdbcSink],
  ['Confluent’s JDBC sink', confluentJdbcConfig as unknown as ConfigDef, confluentJdbcSink],
]

for (const [connector, definition, names] of brought) {
  test(`${connector}: every name is taken up, or refused with what to do instead, or said to change nothing`, () => {
    for (const name of names) {
      assert.deepEqual(definition.unknown({ [name]: 'x' }), [], `${name} is not known`)
      const key: ConfigKey = definition.keys[name]!
      if (key.notSupported !== undefined) {
        const errors = definition.validate({ [name]: 'x' }).flatMap((result) => result.errors)
        assert.ok(errors.includes(`Configuration ${name} is not supported: ${key.notSupported}`), name)
        // First why, then what to do; or the name that is meant.
        assert.match(key.notSupported, /\S+; \S+|^its name is \S+$/, name)
      }
      assert.equal(definition.withoutEffect({ [name]: 'x' }).length, key.withoutEffect ? 1 : 0, name)
    }
  })

  test(`${connector}: no name is made up`, () => {
    assert.deepEqual(
      Object.keys(definition.keys).filter((name) => !names.includes(name)),
      [],
    )
  })
}
