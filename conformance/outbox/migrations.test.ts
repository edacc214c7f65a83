// What `millrace init` writes for a project's database tool: the tool applies it, and proposes no change afterwards.
import assert from 'node:assert/strict'
import { promises as fs, readFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import * as forKnex from '@millrace/outbox/knex'
import * as forKysely from '@millrace/outbox/kysely'
import * as forTypeorm from '@millrace/outbox/typeorm'
import knex from 'knex'
import { Kysely, MysqlDialect, PostgresDialect } from 'kysely'
import { FileMigrationProvider, Migrator } from 'kysely/migration'
import { createPool } from 'mysql2'
import pg from 'pg'
import { DataSource } from 'typeorm'
import { mariaDbUnavailable } from '../support/mariadb.ts'
import { databases } from './databases.ts'
import { testProject } from './project.ts'

const all = databases()
const note = topic('note', { key: serdes.string, value: serdes.string })

/** A project with one tool and one driver, after `millrace init`. */
function initialised(dependencies: readonly string[], args: readonly string[] = []) {
  const project = testProject(dependencies)
  const printed = project.millrace(['init', '--no-install', ...args])
  return { project, printed }
}

for (const dialect of ['postgres', 'mysql'] as const) {
  const skip = dialect === 'mysql' && mariaDbUnavailable()
  const driver = dialect === 'postgres' ? 'pg' : 'mysql2'

  test(`a migration of Knex, ${dialect}`, { skip }, async () => {
    const { project } = initialised(['knex', driver])
    const fresh = await all.empty(dialect)
    const directory = path.join(project.folder, 'migrations')
    const db = knex({ client: driver, connection: fresh.url, migrations: { directory, loadExtensions: ['.js'] } })
    fresh.closing(() => db.destroy())
    await db.migrate.latest()
    assert.deepEqual(await db.migrate.latest().then(([, names]) => names), [])
    await db.transaction(async (trx) => {
      await forKnex.outbox(trx).append(note, 'k', 'v')
      assert.equal(await forKnex.inbox(trx).claim('c', 'e'), true)
    })
    assert.equal((await fresh.query('select id from outbox')).length, 1)
    await db.migrate.rollback()
    await assert.rejects(fresh.query('select id from outbox'))
    await fresh.close()
  })

  test(`a migration of Kysely, ${dialect}`, { skip }, async () => {
    const { project } = initialised(['kysely', driver])
    const fresh = await all.empty(dialect)
    const db = new Kysely<unknown>({
      dialect:
        dialect === 'postgres'
          ? new PostgresDialect({ pool: new pg.Pool({ connectionString: fresh.url }) })
          : new MysqlDialect({ pool: createPool(fresh.url) }),
    })
    fresh.closing(() => db.destroy())
    const provider = new FileMigrationProvider({ fs, path, migrationFolder: path.join(project.folder, 'migrations') })
    const migrator = new Migrator({ db, provider })
    const { error, results } = await migrator.migrateToLatest()
    assert.equal(error, undefined)
    assert.deepEqual(
      results!.map(({ status }) => status),
      ['Success'],
    )
    await db.transaction().execute(async (trx) => {
      await forKysely.outbox(trx).append(note, 'k', 'v')
    })
    assert.equal((await fresh.query('select id from outbox')).length, 1)
    assert.equal((await migrator.migrateDown()).error, undefined)
    await fresh.close()
  })

  test(`a migration of TypeORM, after which it proposes nothing, ${dialect}`, { skip }, async () => {
    const { project } = initialised(['typeorm', driver])
    const fresh = await all.empty(dialect)
    const [file] = project.files('src/migrations')
    const module = (await import(file!)) as Record<string, new () => { name: string }>
    const type = dialect === 'postgres' ? 'postgres' : 'mariadb'
    const source = new DataSource({ type, url: fresh.url, migrations: Object.values(module) as never })
    await source.initialize()
    fresh.closing(() => source.destroy())
    await source.runMigrations()
    assert.deepEqual((await source.driver.createSchemaBuilder().log()).upQueries, [])
    await source.transaction(async (manager) => {
      await forTypeorm.outbox(manager).append(note, 'k', 'v')
    })
    assert.equal((await fresh.query('select id from outbox')).length, 1)
    await source.undoLastMigration()
    await fresh.close()
  })

  test(`a migration of Drizzle, for a project that keeps migrations, ${dialect}`, { skip }, async () => {
    const fresh = await all.empty(dialect)
    const project = testProject(['drizzle-orm', 'drizzle-kit', driver])
    const kit = dialect === 'postgres' ? 'postgresql' : 'mysql'
    const core = dialect === 'postgres' ? 'pg' : 'mysql'
    const config = { dialect: kit, schema: './src/db/*', out: './drizzle', dbCredentials: { url: fresh.url } }
    project.write('drizzle.config.ts', `export default ${JSON.stringify(config)}\n`)
    project.write(
      'src/db/own.ts',
      `import { int${core === 'pg' ? 'eger' : ''} as int, ${core}Table } from 'drizzle-orm/${core}-core'\nexport const own = ${core}Table('own', { n: int('n') })\n`,
    )
    project.run('drizzle-kit', ['generate', '--name', 'own'])
    project.link('drizzle-kit')
    const printed = project.millrace(['init', '--no-install'])
    assert.match(printed, /created drizzle\/0001_millrace_outbox\.sql/)
    project.run('drizzle-kit', ['migrate'])
    assert.match(project.run('drizzle-kit', ['generate']), /No schema changes/)
    // On MariaDB its push proposes to change every nullable column and every primary key there is: it reads MySQL's catalog.
    if (dialect === 'postgres') {
      assert.match(project.run('drizzle-kit', ['push', '--force', '--verbose']), /No changes detected/)
      const triggers = await fresh.query(`select tgname from pg_trigger where not tgisinternal`)
      assert.deepEqual(triggers, [{ tgname: 'outbox_delete_captured' }])
    }
    await fresh.close()
  })
}

test('a schema of Drizzle, after which push proposes nothing', async () => {
  const fresh = await all.empty('postgres')
  const project = testProject(['drizzle-orm', 'drizzle-kit', 'pg'])
  const schema = './src/db/schema.ts'
  const config = { dialect: 'postgresql', schema, dbCredentials: { url: fresh.url } }
  // A config as people write them, in single quotes.
  project.write('drizzle.config.ts', `export default ${JSON.stringify(config).replaceAll('"', "'")}\n`)
  project.write('src/db/schema.ts', '// The project has no tables yet.\n')
  const printed = project.millrace(['init', '--no-install'])
  assert.match(printed, /extended src\/db\/schema\.ts/)
  project.millrace(['migrate', '--url', fresh.url])
  assert.match(project.run('drizzle-kit', ['push', '--force', '--verbose']), /No changes detected/)
  assert.match(project.millrace(['init', '--no-install']), /kept {4}src\/db\/schema\.ts/)
  await fresh.close()
})

test('plain SQL for SQLite, applied by millrace migrate', async () => {
  const { project, printed } = initialised(['better-sqlite3'])
  assert.match(printed, /sqlite:/)
  assert.match(readFileSync(path.join(project.folder, 'millrace.config.ts'), 'utf8'), /pollingOutbox/)
  project.millrace(['migrate'], { DATABASE_URL: 'sqlite:service.db' })
  project.millrace(['migrate'], { DATABASE_URL: 'sqlite:service.db' })
  using db = new DatabaseSync(path.join(project.folder, 'service.db'))
  assert.deepEqual(db.prepare('select * from outbox').all(), [])
  // The file holds the same statements.
  using other = new DatabaseSync(':memory:')
  other.exec(readFileSync(path.join(project.folder, 'migrations/0001-millrace-outbox.sql'), 'utf8'))
  const schema = (of: DatabaseSync): unknown =>
    of.prepare('select type, name, sql from sqlite_master order by name').all()
  assert.deepEqual(schema(other), schema(db))
})

test('a project says by its files and packages which tool and database it has, and flags say it better', () => {
  const knexProject = testProject(['knex', 'mysql2'])
  knexProject.millrace(['init', '--no-install'])
  const [migration] = knexProject.files('migrations')
  assert.match(readFileSync(migration!, 'utf8'), /engine=innodb/)
  assert.match(migration!, /\d{14}_millrace_outbox\.js$/)
  // A second run adds nothing.
  knexProject.millrace(['init', '--no-install'])
  assert.equal(knexProject.files('migrations').length, 1)
  const told = testProject(['knex', 'mysql2'])
  told.millrace(['init', '--no-install', '--tool', 'sql', '--dialect', 'postgres'])
  assert.match(readFileSync(path.join(told.folder, 'migrations/0001-millrace-outbox.sql'), 'utf8'), /plpgsql/)
  assert.throws(() => told.millrace(['init', '--no-install', '--tool', 'sequelize']), /--tool must be one of/)
})
