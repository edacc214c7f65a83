import { after } from 'node:test'
import * as prisma from '@millrace/outbox/prisma'
import { mariaDbUnavailable } from '../support/mariadb.ts'
import { registerOutboxTests } from './contract-suite.ts'
import { databases } from './databases.ts'
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
