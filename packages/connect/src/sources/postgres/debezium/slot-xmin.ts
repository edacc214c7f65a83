import type { Clock } from '@millrace/base'
import type { Client } from 'pg'
import { connectClient } from '../../../postgres/driver.ts'

export interface SlotXminOptions {
  readonly url: string
  readonly applicationName: string
  readonly slot: string
  /** How old the number may be. */
  readonly intervalMs: number
  readonly clock: Clock
  readonly tell: (text: string) => void
}

/** The oldest transaction whose catalog rows a slot keeps, asked for now and then while events come. */
export class SlotXmin {
  readonly #options: SlotXminOptions
  #client: Client | undefined
  #value: number | undefined
  #askedMs = Number.NEGATIVE_INFINITY
  #asking: Promise<void> | undefined
  #isClosed = false

  constructor(options: SlotXminOptions) {
    this.#options = options
  }

  /** As it was when it was last asked for; asks again where that is too long ago. */
  get value(): number | undefined {
    if (this.#options.clock.now() - this.#askedMs >= this.#options.intervalMs) void this.#ask()
    return this.#value
  }

  /** Resolves once it was asked for the first time. */
  async ready(): Promise<void> {
    if (this.#value === undefined) await this.#ask()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#asking
    await this.#client?.end().catch(() => {})
  }

  #ask(): Promise<void> {
    this.#asking ??= this.#query().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #query(): Promise<void> {
    const { url, applicationName, slot, clock, tell } = this.#options
    if (this.#isClosed) return
    this.#askedMs = clock.now()
    try {
      this.#client ??= await connectClient(url, applicationName)
      const text = 'select catalog_xmin::text as xmin from pg_replication_slots where slot_name = $1'
      const { rows } = await this.#client.query<{ xmin: string | null }>(text, [slot])
      const xmin = rows[0]?.xmin
      if (xmin) this.#value = Number(xmin)
    } catch (error) {
      // Events do not wait for it: the next interval asks again.
      tell(`source.xmin may be out of date: ${(error as Error).message}`)
      await this.#client?.end().catch(() => {})
      this.#client = undefined
    }
  }
}
