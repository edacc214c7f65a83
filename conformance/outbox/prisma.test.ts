import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import * as prisma from '@millrace/outbox/prisma'
import { mariaDbUnavailable } from '../support/mariadb.ts'
import { registerOutboxTests } from './contract-suite.ts'
import { databases } from './databases.ts'
import { proposedChanges } from './prisma-engine.ts'
import {
  type Client,
  type ClientTransaction,
  generateClient,
  generatedClient,
  prismaProject,
  prismaUnavailable,
} from './prisma-project.ts'

const all = databases()
const removals: (() => void)[] = []
after(() => {
  for (const remove of removals) remove()
})

const prismaClient = (dialect: 'postgres' | 'mysql', provider: 'postgresql' | 'mysql') => {
  let folder: string | undefined
  return async () => {
    const { url, query, closing, close } = await all.fresh(dialect)
    await query('drop table effect')
    const id = dialect === 'postgres' ? 'id serial primary key' : 'id int auto_increment primary key'
    await query(`create table effect (${id}, name varchar(100) not null)`)
    if (folder === undefined) {
      folder = prismaProject(provider, (remove) => removals.push(remove)).folder
      generateClient(folder)
    }
    const client: Client = await generatedClient(folder, url, provider)
    closing(() => client.$disconnect())
    return {
      query,
      close,
      store: () => prisma.inboxStore<ClientTransaction>(client),
      transaction: <T>(work: (tx: ClientTransaction) => Promise<T>) => client.$transaction(work),
      outbox: (tx: ClientTransaction) => prisma.outbox(tx),
      inbox: (tx: ClientTransaction) => prisma.inbox(tx),
      effect: (tx: ClientTransaction, name: string) => tx.effect.create({ data: { name } }),
      broken: async (tx: ClientTransaction) => tx.$queryRawUnsafe('select nothing from nowhere'),
      outside: client as unknown as ClientTransaction,
    }
  }
}

const skip = prismaUnavailable()
registerOutboxTests('Prisma on PostgreSQL', prismaClient('postgres', 'postgresql'), { skip })
registerOutboxTests('Prisma on MariaDB', prismaClient('mysql', 'mysql'), { skip: skip ?? mariaDbUnavailable() })

test('a migration and models of Prisma, after which migrate dev proposes nothing', { skip }, async () => {
  const project = prismaProject('postgresql')
  assert.match(project.printed, /extended prisma\/schema\.prisma/)
  const fresh = await all.empty('postgres')
  // What the project's own model needs; a project would have it from before.
  project.write(
    'prisma/migrations/20200101000000_own/migration.sql',
    'create table effect (id serial primary key, name varchar(100) not null);\n',
  )
  assert.doesNotMatch(await proposedChanges(project.folder, fresh.url), /outbox|inbox|effect/i)
  assert.match(await proposedChanges(project.folder, fresh.url), /^(-- This is an empty migration\.)?\s*$/)
  // The check can fail: without the models the tables would be dropped.
  project.write('prisma/schema.prisma', project.schema().replace(/\/\/\/ Messages[\s\S]*/, ''))
  assert.match(await proposedChanges(project.folder, fresh.url), /DROP TABLE "outbox"/)
  const [migration] = globSync(`${project.folder}/prisma/migrations/*_millrace_outbox/migration.sql`)
  await fresh.script(readFileSync(migration!, 'utf8'))
  assert.equal((await fresh.query('select * from outbox')).length, 0)
  await fresh.close()
})
