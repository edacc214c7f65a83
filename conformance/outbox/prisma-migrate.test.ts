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

const own: Readonly<Record<'postgresql' | 'sqlite', string>> = {
  postgresql: 'id serial not null, name varchar(100) not null, constraint effect_pkey primary key (id)',
  sqlite: 'id integer not null primary key autoincrement, name text not null',
}

async function script(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

// The engine that npm has knows no MySQL.
for (const [provider, dialect] of [
  ['postgresql', 'postgres'],
  ['sqlite', 'sqlite'],
] as const) {
  const title = `Prisma applies the migration and proposes no change afterwards, ${provider}`
  test(title, { skip: prismaUnavailable() }, async () => {
    const { folder, write } = prismaProject(provider)
    write('prisma/migrations/20200101000000_own/migration.sql', `create table effect (${own[provider]});`)
    const fresh = await all.empty(dialect)
    const shadow = async (): Promise<string> => {
      const database = await all.empty(dialect)
      fresh.closing(() => database.close())
      return database.url
    }
    const factory = await adapterOf<ReturnType<EngineDatabase['factory']>>(folder, provider)
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
}
