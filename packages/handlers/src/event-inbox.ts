import { isMillraceError } from '@millrace/base'
import { expireInbox, type InboxStore, inboxExpireMaxRows } from '@millrace/outbox'
import { DatabaseUnavailable, type ErrorEmitter, type InboxPool, inTransactionOnce } from './inbox-transaction.ts'
import { isConflict } from './outage.ts'

/** Where a handler's effects stand: a pool of `pg`, or what `inboxStore` of an adapter of `@millrace/outbox` makes. */
export type AnyInbox = InboxPool | InboxStore<unknown>

/** The inbox of one handler, whatever database client it has. */
export interface EventInbox {
  /**
   * Runs `effect` and notes the event in one transaction. False when the event was handled before; then `effect` did not
   * run.
   */
  once(eventId: string, effect: (tx: never) => Promise<void>): Promise<boolean>
  /** Forgets events that are older than this. */
  forget(retentionMs: number): Promise<void>
  close(): void
}

/** How many bounded deletions one round of housekeeping makes. */
const expireStepsMax = 100

export function eventInbox(inbox: AnyInbox, consumer: string, table: string): EventInbox {
  return isStore(inbox) ? overStore(inbox, consumer) : overPool(inbox, consumer, table)
}

/** Whether it brings its own table. */
export function isStore(inbox: AnyInbox): inbox is InboxStore<unknown> {
  return 'expire' in inbox && 'ping' in inbox
}

function overPool(pool: InboxPool, consumer: string, table: string): EventInbox {
  // Idle connections that break are told as an event, which would end the process; the messages notice on their own.
  const emitter = pool as ErrorEmitter
  const ignore = (): void => {}
  emitter.on?.('error', ignore)
  return {
    once: (eventId, effect) => inTransactionOnce(pool, { table, consumer, eventId }, (tx) => effect(tx as never)),
    async forget(retentionMs) {
      const client = await pool.connect()
      let isBroken = true
      try {
        await inSteps(() => expireInbox(client, { table, retentionMs }))
        isBroken = false
      } finally {
        client.release(isBroken)
      }
    },
    close: () => void emitter.off?.('error', ignore),
  }
}

function overStore(store: InboxStore<unknown>, consumer: string): EventInbox {
  return {
    async once(eventId, effect) {
      try {
        return await store.once(consumer, eventId, (tx) => effect(tx as never))
      } catch (error) {
        if (isMillraceError(error)) throw error
        // What tools make of a driver's error is each tool's own; whether the database answers tells a failed effect from a
        // lost database.
        if (isConflict(error) || !(await answers(store))) {
          throw new DatabaseUnavailable('the inbox’s database is away or busy', { cause: error })
        }
        throw error
      }
    },
    forget: (retentionMs) => inSteps(() => store.expire({ retentionMs })),
    close: () => {},
  }
}

async function answers(store: InboxStore<unknown>): Promise<boolean> {
  try {
    await store.ping()
    return true
  } catch {
    return false
  }
}

async function inSteps(expire: () => Promise<number>): Promise<void> {
  for (let step = 0; step < expireStepsMax; step++) {
    if ((await expire()) < inboxExpireMaxRows) return
  }
}
