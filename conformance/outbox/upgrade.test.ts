// `millrace init` in a project whose migrations make an outbox of an earlier layout: one more migration, in the tool's form.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import knex from 'knex'
import { databases } from './databases.ts'
import { type TestProject, testProject } from './project.ts'

const all = databases()
const indexed = `select indexname from pg_indexes where indexname = 'outbox_position'`
const comment = `select obj_description('outbox'::regclass) as text`

/** Makes of a file what `init` wrote before version 2, which brought the index on positions. */
function toFirstLayout(file: string): void {
  const text = readFileSync(file, 'utf8')
  const first = text
    .replace(/^.*create index if not exists "outbox_position"[^;]*;.*\n+(--> statement-breakpoint\n)?/m, '')
    .replace('millrace outbox, version 2', 'millrace outbox, version 1')
  assert.notEqual(first, text)
  assert.doesNotMatch(first, /outbox_position/)
  writeFileSync(file, first)
}

const init = (project: TestProject): string => project.millrace(['init', '--no-install'])

test('a migration of Knex, once', async () => {
  const project = testProject(['knex', 'pg'])
  init(project)
  const directory = path.join(project.folder, 'migrations')
  const [first] = project.files('migrations')
  toFirstLayout(first!)
  const fresh = await all.empty('postgres')
  const db = knex({ client: 'pg', connection: fresh.url, migrations: { directory, loadExtensions: ['.js'] } })
  fresh.closing(() => db.destroy())
  await db.migrate.latest()
  assert.deepEqual(await fresh.query(indexed), [])
  // Their names are the time in seconds.
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  assert.match(init(project), /created migrations\/\d{14}_millrace_outbox\.js/)
  init(project)
  const files = project.files('migrations')
  assert.equal(files.length, 2)
  assert.doesNotMatch(readFileSync(files.sort()[1]!, 'utf8'), /create table|create trigger/)
  await db.migrate.latest()
  assert.deepEqual(await fresh.query(indexed), [{ indexname: 'outbox_position' }])
  assert.deepEqual(await fresh.query(comment), [{ text: 'millrace outbox, version 2' }])
  await db.migrate.rollback()
  assert.deepEqual(await fresh.query(indexed), [])
  await fresh.close()
})

test('plain SQL in a file of its own; millrace migrate makes the index as well', async () => {
  const project = testProject(['pg'])
  init(project)
  const first = path.join(project.folder, 'migrations/0001-millrace-outbox.sql')
  toFirstLayout(first)
  const fresh = await all.empty('postgres')
  await fresh.script(readFileSync(first, 'utf8'))
  assert.match(init(project), /created migrations\/0002-millrace-outbox\.sql/)
  assert.match(init(project), /kept {4}migrations\/0001-millrace-outbox\.sql/)
  assert.equal(project.files('migrations').length, 2)
  project.millrace(['migrate', '--url', fresh.url])
  assert.deepEqual(await fresh.query(indexed), [{ indexname: 'outbox_position' }])
  await fresh.script('drop index outbox_position')
  await fresh.script(readFileSync(path.join(project.folder, 'migrations/0002-millrace-outbox.sql'), 'utf8'))
  assert.deepEqual(await fresh.query(indexed), [{ indexname: 'outbox_position' }])
  await fresh.close()
})

const firstDrizzle = (schema: string): string =>
  schema.replace(/,\s*\(table\) => \[index\('outbox_position'\)\.on\(table\.position\)\],\s*\)/, ')')

test('a schema of Drizzle, after which push proposes nothing', async () => {
  const fresh = await all.empty('postgres')
  const project = testProject(['drizzle-orm', 'drizzle-kit', 'pg'])
  const config = { dialect: 'postgresql', schema: './src/db/*', out: './drizzle', dbCredentials: { url: fresh.url } }
  project.write('drizzle.config.ts', `export default ${JSON.stringify(config)}\n`)
  project.write(
    'src/db/own.ts',
    `import { integer, pgTable } from 'drizzle-orm/pg-core'\nexport const own = pgTable('own', { n: integer('n') })\n`,
  )
  project.run('drizzle-kit', ['generate', '--name', 'own'])
  init(project)
  const file = path.join(project.folder, 'src/db/millrace-outbox.ts')
  const written = readFileSync(file, 'utf8')
  const first = firstDrizzle(written)
  assert.notEqual(first, written)
  writeFileSync(file, first)
  toFirstLayout(path.join(project.folder, 'drizzle/millrace-outbox.sql'))
  project.run('drizzle-kit', ['generate', '--name', 'tables'])
  project.run('drizzle-kit', ['migrate'])
  project.link('drizzle-kit')
  const printed = init(project)
  assert.match(printed, /extended src\/db\/millrace-outbox\.ts/)
  assert.match(printed, /created drizzle\/0002_millrace_outbox\.sql/)
  project.run('drizzle-kit', ['migrate'])
  assert.deepEqual(await fresh.query(indexed), [{ indexname: 'outbox_position' }])
  assert.deepEqual(await fresh.query(comment), [{ text: 'millrace outbox, version 2' }])
  assert.match(project.run('drizzle-kit', ['push', '--force', '--verbose']), /No changes detected/)
  assert.match(project.run('drizzle-kit', ['generate']), /No schema changes/)
  assert.doesNotMatch(init(project), /created|extended|to do {3}src/)
  // What was rewritten by hand is told, not guessed.
  writeFileSync(file, first.replace('pg_current_xact_id()', 'own_default()'))
  for (const name of ['0002_millrace_outbox.sql', 'millrace-outbox-2.sql']) {
    writeFileSync(path.join(project.folder, 'drizzle', name), '')
  }
  assert.match(init(project), /to do {3}src\/db\/millrace-outbox\.ts: give millraceOutbox \(table\) =>/)
  await fresh.close()
})

test('a migration of Prisma, and the index in its model', async () => {
  const project = testProject(['prisma'])
  project.write('prisma/schema.prisma', 'datasource db {\n  provider = "postgresql"\n}\n')
  init(project)
  const schema = path.join(project.folder, 'prisma/schema.prisma')
  const written = readFileSync(schema, 'utf8')
  const first = written.replace(/\n *@@index\(\[position\][^\n]*/, '')
  assert.notEqual(first, written)
  writeFileSync(schema, first)
  const migrations = (): string[] => project.files('prisma/migrations').filter((each) => !each.endsWith('.toml'))
  toFirstLayout(path.join(migrations()[0]!, 'migration.sql'))
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  assert.match(init(project), /extended prisma\/schema\.prisma/)
  assert.equal(readFileSync(schema, 'utf8'), written)
  assert.equal(migrations().length, 2)
  assert.match(readFileSync(path.join(migrations().sort()[1]!, 'migration.sql'), 'utf8'), /^create index/)
  init(project)
  assert.equal(migrations().length, 2)
})
