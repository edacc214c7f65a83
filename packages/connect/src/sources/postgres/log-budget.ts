import type { Client } from 'pg'
import { connectClient } from '../../postgres/driver.ts'
import { reportNotice } from '../../runtime/diagnostics.ts'
import { dropSlot } from './slots.ts'
import type { LogBudget } from './source-options.ts'

export const defaultBudgetBytes = 8 * 1024 ** 3

/** The warning comes again only after so much of the budget was free in between. */
const calmShare = 0.8

export interface BudgetWatchOptions {
  readonly connector: string
  readonly url: string
  readonly applicationName: string
  readonly slot: string
  readonly budget: LogBudget
  readonly intervalMs: number
  /** Called before the slot is dropped. */
  readonly onDrop: (retainedBytes: number) => void
  /** What else is to be looked at with each look. */
  readonly look: (client: Client) => Promise<void>
}

/**
 * Watches what a slot makes the server keep. It runs beside the source and not within it: most of all it is needed while the
 * source cannot work, because Kafka is away.
 */
export class BudgetWatch {
  readonly #options: BudgetWatchOptions
  #client: Client | undefined
  #isOver = false

  constructor(options: BudgetWatchOptions) {
    this.#options = options
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // What keeps us from asking keeps the source from working, and is told there.
      await this.#look().catch(() => this.#close())
      await pause(this.#options.intervalMs, signal)
    }
    await this.#close()
  }

  async #look(): Promise<void> {
    const { connector, slot, budget, onDrop, look } = this.#options
    const { maxBytes = defaultBudgetBytes, whenReached = 'warn' } = budget
    this.#client ??= await connectClient(this.#options.url, this.#options.applicationName)
    await look(this.#client)
    const retained = await retainedBytes(this.#client, slot)
    if (retained === undefined || retained < maxBytes * calmShare) this.#isOver = false
    if (retained === undefined || retained <= maxBytes) return
    if (whenReached === 'drop-slot') {
      onDrop(retained)
      await this.#drop()
      reportNotice(connector, `slot ${slot} was dropped: the server kept ${bytesText(retained)} of log for it`)
    } else if (!this.#isOver) {
      this.#isOver = true
      const budgetText = bytesText(maxBytes)
      reportNotice(connector, `the server keeps ${bytesText(retained)} of log for slot ${slot}; budget ${budgetText}`)
    }
  }

  async #drop(): Promise<void> {
    const { slot } = this.#options
    const client = this.#client!
    await client.query('select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1', [slot])
    for (let attempt = 1; ; attempt++) {
      try {
        return await dropSlot(client, slot)
      } catch (error) {
        // The process that read from it takes a moment to end.
        if (attempt === 20) throw error
        await pause(50)
      }
    }
  }

  async #close(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => {})
  }
}

/** How much log the server keeps for a slot; undefined when there is no such slot or it lost its log already. */
export async function retainedBytes(client: Client, slot: string): Promise<number | undefined> {
  const { rows } = await client.query<{ bytes: number | null }>(
    `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), restart_lsn)::float8 as bytes
       from pg_replication_slots where slot_name = $1`,
    [slot],
  )
  return rows[0]?.bytes ?? undefined
}

export function bytesText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}

/** A timer that does not keep the process alive. */
async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms)
    timer.unref()
    signal?.addEventListener('abort', () => resolve(), { once: true })
  })
}
