import { after } from 'node:test'
import type { Dialect } from '@millrace/outbox'
import * as prisma from '@millrace/outbox/prisma'
import { mariaDbUnavailable } from '../support/mariadb.ts'
import { registerOutboxTests } from './contract-suite.ts'
import { databases } from './databases.ts'
import {
  type Client,
  type ClientTransaction,
  generateClient,
  generatedClient,
  type Provider,
  prismaProject,
  prismaUnavailable,
} from './prisma-project.ts'

const all = databases()
const removals: (() => void)[] = []
after(() => {
  for (const remove of removals) remove()
})

const ids: Readonly<Record<Dialect, string>> = {
  postgres: 'id serial',
  mysql: 'id int auto_increment',
  sqlite: 'id integer',
}

const prismaClient = (dialect: Dialect, provider: Provider) => {
  let folder: string | undefined
  return async () => {
    const { url, query, closing, close } = await all.fresh(dialect)
    await query('drop table effect')
    await query(`create table effect (${ids[dialect]} primary key, name varchar(100) not null)`)
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
registerOutboxTests('Prisma on SQLite', prismaClient('sqlite', 'sqlite'), { skip })
