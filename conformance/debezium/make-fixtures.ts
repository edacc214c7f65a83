// Runs Debezium on the statements and writes down what it made of them: `node --conditions=source conformance/debezium/make-fixtures.ts`.
import { startPostgres } from '../support/postgres.ts'
import { configurations } from './configurations.ts'
import { debezium } from './debezium.ts'
import { writeFixture } from './fixtures.ts'
import { anyDatabase } from './normal-form.ts'
import { capture, serverSettings } from './scenario.ts'

await using postgres = await startPostgres({ settings: serverSettings })
const results = await capture(postgres, [debezium()], configurations)
for (const [configuration, captured] of results.get('debezium')!) writeFixture(configuration, anyDatabase(captured))
