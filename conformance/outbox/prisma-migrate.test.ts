// What `prisma migrate dev` and `prisma db push` would do after `millrace init`, by Prisma's own schema engine.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import pg from 'pg'
import { databases } from './databases.ts'
import { adapterOf, prismaProject, prismaUnavailable } from './prisma-project.ts'
import { type EngineDatabase, prismaMigrate } from './prisma-schema-engine.ts'

const all = databases()

const ownTable =
  'create table effect (id serial not null, name varchar(100) not null, constraint effect_pkey primary key (id));'

async function script(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

// The engine that npm has knows no MySQL.
test('Prisma applies the migration and proposes no change afterwards', { skip: prismaUnavailable() }, async () => {
  const { folder, write } = prismaProject('postgresql')
  write('prisma/migrations/20200101000000_own/migration.sql', ownTable)
  const fresh = await all.empty('postgres')
  const shadow = async (): Promise<string> => {
    const database = await all.empty('postgres')
    fresh.closing(() => database.close())
    return database.url
  }
  const factory = await adapterOf<ReturnType<EngineDatabase['factory']>>(folder, 'postgresql')
  const prisma = await prismaMigrate(folder, { url: fresh.url, factory, script, shadow })
  fresh.closing(() => prisma.close())
  assert.equal((await prisma.apply()).length, 2)
  assert.deepEqual(await prisma.diagnose(), { tag: 'createMigration' })
  assert.equal(await prisma.next(), undefined)
  assert.equal(await prisma.push(), 0)
  // It does compare: without its model the table would go.
  const path = join(folder, 'prisma/schema.prisma')
  const schema = readFileSync(path, 'utf8')
  writeFileSync(path, schema.slice(0, schema.indexOf('/// Messages on their way')))
  assert.match((await prisma.next()) ?? '', /DROP TABLE "outbox"/)
  await fresh.close()
})
