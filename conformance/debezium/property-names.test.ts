import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { debeziumDefined } from '../../packages/connect/test/support/property-names.ts'
import { javaUnavailable } from '../java/wire.ts'
import { mavenJars } from '../support/maven-jars.ts'

test('the names of which each is taken up or refused are those that Debezium defines', {
  skip: javaUnavailable(),
}, () => {
  const program = join(import.meta.dirname, 'PropertyNames.java')
  const jars = join(mavenJars(import.meta.dirname), '*')
  const className = 'io.debezium.connector.postgresql.PostgresConnector'
  const output = execFileSync('java', ['-cp', jars, program, className], { encoding: 'utf8', stdio: 'pipe' })
  // Those with parentheses describe names that carry numbers, algorithms and salts.
  const names = output.split('\n').filter((line) => line !== '' && !line.includes('('))
  assert.deepEqual([...debeziumDefined].sort(), names.sort())
})
