// Code in guides and READMEs, with what its prose takes for granted, passes the compiler against the packages as they are.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'

const root = resolve(import.meta.dirname, '../..')

/** Contracts that the pages import. */
const contracts = `import { topic } from '@millrace/contracts'
import { z } from 'zod'
export const order = topic('order', {
  key: z.string(),
  value: z.object({ id: z.string(), customerId: z.string(), amount: z.number(), status: z.string().default('placed') }),
})
export const reserved = topic('reserved', { key: z.string(), value: z.object({ amount: z.number() }) })
export const customer = topic('customer', { key: z.string(), value: z.object({ name: z.string() }) })
`

const row = `declare const row: { readonly id: string; readonly customerId: string; readonly amount: number }\n`
const kysely = `declare const db: import('kysely').Kysely<{
  orders: { id: string; customerId: string; amount: number }
  reservations: { order_id: string; amount: number }
}>\n`
const drizzle = `declare const db: import('drizzle-orm/node-postgres').NodePgDatabase
declare const orders: typeof import('./tables.ts').orders\n`
const pool = `declare const pool: import('pg').Pool\n`

const brokers = `declare const brokers: string\n`
const capture = `import { serdes, topic } from '@millrace/contracts'
declare const url: string
declare const tables: import('@millrace/connect').PostgresTablesOptions['tables']\n`
const consuming = `${pool}${brokers}import { consume } from '@millrace/handlers'
import { outbox } from '@millrace/outbox'
import { order } from './contracts.ts'\n`

/** What stands around the blocks of a page, each in turn. */
const pages: Readonly<Record<string, readonly string[]>> = {
  'docs/guides/outbox.md': [row + kysely, row, kysely],
  'docs/guides/postgresql.md': [capture],
  'docs/guides/debezium.md': [capture],
  'docs/guides/kafka-connect.md': [
    `import { defineConfig } from 'millrace'
declare const ledgerSink: import('@millrace/connect').ConnectorPlugin\n`,
  ],
  'docs/guides/own-connectors.md': ['', ''],
  'docs/guides/integrity.md': [
    '',
    `import { app } from 'millrace'\n`,
    `${consuming}import { ordersOfCustomers } from './docs-guides-integrity-1.ts'
type OrderRow = { readonly id: string }
declare function fromRow(row: OrderRow): import('@millrace/contracts').ValueInput<typeof order>\n`,
  ],
  'packages/connect/README.md': [`import { order } from './contracts.ts'\n`],
  'packages/integrity/README.md': [
    '',
    `${consuming}import { ordersOfCustomers } from './packages-integrity-README-1.ts'
declare function cancelOrder(tx: import('@millrace/outbox').SqlTransaction, id: string | null): Promise<void>\n`,
  ],
  'packages/outbox/README.md': [
    `${row}${pool}declare const id: string\n`,
    row + drizzle,
    `declare const client: import('pg').PoolClient\ndeclare const eventId: string\ndeclare const customerId: string
declare function cancelOrders(client: import('pg').PoolClient, customerId: string): Promise<void>\n`,
  ],
  'packages/handlers/README.md': [pool],
}

/** Its table for Drizzle, and the contract that it needs of the page before. */
const tables = `import { integer, pgTable, text } from 'drizzle-orm/pg-core'
export const orders = pgTable('orders', { id: text('id'), customerId: text('customer_id'), amount: integer('amount') })
`

const compilerOptions = {
  target: 'esnext',
  module: 'nodenext',
  lib: ['esnext'],
  types: ['node'],
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  customConditions: ['source'],
}

test('the code of the guides compiles', () => {
  mkdirSync(join(import.meta.dirname, 'target'), { recursive: true })
  const folder = mkdtempSync(join(import.meta.dirname, 'target/'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['.'] }))
  writeFileSync(join(folder, 'contracts.ts'), contracts)
  writeFileSync(join(folder, 'tables.ts'), tables)
  // The name that the page gives its own program.
  writeFileSync(join(folder, 'feed.ts'), `export * from './docs-guides-own-connectors-1.ts'\n`)
  for (const [page, given] of Object.entries(pages)) {
    const blocks = [...readFileSync(join(root, page), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code)
    assert.equal(blocks.length, given.length, `${page} has ${blocks.length} blocks of code`)
    for (const [i, code] of blocks.entries()) {
      const name = `${page.replaceAll('/', '-').replace(/\.md$/, '')}-${i + 1}.ts`
      writeFileSync(join(folder, name), `${code}\n${given[i]}export {}\n`)
    }
  }
  try {
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { cwd: root, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    assert.fail((error as { stdout: string }).stdout)
  }
})
