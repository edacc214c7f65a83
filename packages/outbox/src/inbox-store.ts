import { placeholders } from './dialect.ts'
import { outboxError } from './errors.ts'
import type { Executor } from './executor.ts'
import { quoteTable } from './identifier.ts'
import { inTurn } from './in-turn.ts'
import { type ExpireInboxOptions, expireInboxOn, type InboxOptions, inboxOn } from './inbox.ts'

export type InboxStoreOptions = InboxOptions

/**
 * The database of a handler's effects, behind whatever client the service uses: what `consume` of `@millrace/handlers`
 * takes as `inbox` beside a pool of `pg`. `inboxStore` of each adapter makes one.
 */
export interface InboxStore<Tx> {
  /**
   * Runs `effect` and notes the event, both in one transaction. False when the event was handled before; then `effect` did
   * not run. Whatever `effect` throws rolls back and comes out.
   */
  once(consumer: string, eventId: string, effect: (tx: Tx) => Promise<void>): Promise<boolean>
  /** Forgets events that were handled long ago; how many. */
  expire(options?: Pick<ExpireInboxOptions, 'retentionMs' | 'maxRows'>): Promise<number>
  /** Rejects where the database cannot be reached. */
  ping(): Promise<void>
}

export interface InboxStoreParts<Tx> {
  /** Runs `work` in a transaction: commits it, or rolls it back when `work` rejects. */
  readonly transaction: (work: (tx: Tx) => Promise<void>) => Promise<unknown>
  readonly executorOf: (tx: Tx) => Executor
  /** Outside of transactions. */
  readonly executor: Executor
}

/**
 * The same for every client. On SQLite handlers wait for each other, since a connection there has one transaction at a time, and of
 * several connections one would find the database locked.
 */
export function inboxStoreOn<Tx>(parts: InboxStoreParts<Tx>, options: InboxStoreOptions): InboxStore<Tx> {
  if (parts.executor.dialect !== 'sqlite') return storeOn(parts, options)
  const queue = inTurn()
  const transaction = (work: (tx: Tx) => Promise<void>) => queue(async () => parts.transaction(work))
  const store = storeOn({ ...parts, transaction }, options)
  return { ...store, expire: (given) => queue(() => store.expire(given)) }
}

function storeOn<Tx>(parts: InboxStoreParts<Tx>, options: InboxStoreOptions): InboxStore<Tx> {
  const { table = 'inbox' } = options
  const { executor } = parts
  const name = quoteTable(table, executor.dialect)
  const noted = placeholders(executor.dialect, `select 1 as noted from ${name} where consumer = ? and event_id = ?`)
  return {
    async once(consumer, eventId, effect) {
      let isNew = false
      await parts.transaction(async (tx) => {
        const inside = parts.executorOf(tx)
        isNew = await inboxOn(inside, options).claim(consumer, eventId)
        if (!isNew) return
        await effect(tx)
        // A handler may swallow the error of a statement. PostgreSQL then turns the commit into a rollback without a word, and
        // after a deadlock MySQL has rolled back already: either would end as handled, with nothing done.
        if ((await inside.run({ text: noted, values: [consumer, eventId] })) === 0) throw lost()
      })
      return isNew
    },
    expire: (given = {}) => expireInboxOn(executor, { table, ...given }),
    async ping() {
      await executor.run({ text: 'select 1 as alive', values: [] })
    },
  }
}

function lost(): Error {
  return outboxError('OUTBOX_TRANSACTION_LOST', 'the transaction was rolled back while the handler was at work')
}
