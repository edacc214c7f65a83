import { isMillraceError, type MillraceError } from '@millrace/base'
import type { Client } from 'pg'
import { connectError } from '../../errors.ts'
import { connectClient } from '../../postgres/driver.ts'
import { postgresError } from '../../postgres/postgres-errors.ts'
import { isSameConnector, isSibling } from './application-name.ts'
import type { CapturedTable, PublicationNeed } from './capture.ts'
import { BudgetWatch, bytesText } from './log-budget.ts'
import { type PublicationMaking, planPublications } from './publications.ts'
import { readProblems } from './rights.ts'
import { describeServer, describeTables, serverIdentity, serverProblems, slotsProblem } from './server-checks.ts'
import { readSlot, slotTaken } from './slots.ts'
import type { LogBudget } from './source-options.ts'

export interface SourceDoctorOptions {
  readonly connector: string
  readonly url: string
  readonly applicationName: string
  readonly slot: string
  readonly tables: (client: Client) => Promise<CapturedTable[]>
  readonly needs: (client: Client, tables: readonly CapturedTable[]) => Promise<PublicationNeed[]>
  readonly making: PublicationMaking
  /** Whether rows that are there are read. */
  readonly reads: boolean
  readonly isOutbox: boolean
  readonly budget: LogBudget
  readonly budgetCheckIntervalMs: number
}

/** What is asked of the database beside capturing from it: what stands in the way, how things are, who is at work. */
export class SourceDoctor {
  readonly #options: SourceDoctorOptions
  /** Set once the slot was dropped for its budget. */
  dropped: MillraceError | undefined
  /** What is to be looked after beside the stream; set by who begins it. @throws POSTGRES_CHANGES_UNSEEN */
  besideStream: ((client: Client) => Promise<void>) | undefined
  /** What the last look has shown. */
  unseen: MillraceError | undefined

  constructor(options: SourceDoctorOptions) {
    this.#options = options
  }

  /** Whether another instance of this connector reads from the slot. */
  occupied(): Promise<boolean> {
    const { slot: name, applicationName } = this.#options
    return this.#ask('asking who reads the replication slot', async (client) => {
      const slot = await readSlot(client, name)
      return slot !== undefined && isSibling(slot.activeApplication, applicationName)
    })
  }

  describe(): Promise<readonly string[]> {
    const { connector, slot, tables, isOutbox } = this.#options
    return this.#ask(`describing ${connector}`, async (client) => [
      ...(await describeServer(client, slot, isOutbox)),
      ...describeTables(await tables(client)),
    ])
  }

  async check(): Promise<readonly MillraceError[]> {
    const problems: MillraceError[] = []
    try {
      await this.#ask(`checking ${this.#options.connector}`, (client) => this.#check(client, problems))
    } catch (error) {
      problems.push(error as MillraceError)
    }
    return problems
  }

  async #check(client: Client, problems: MillraceError[]): Promise<void> {
    const { url, applicationName, slot: name, tables, needs, making, reads } = this.#options
    problems.push(...(await serverProblems(client)))
    if (problems.length === 0) await serverIdentity(url, applicationName)
    const slot = await readSlot(client, name)
    if (slot?.activePid !== undefined && !isSameConnector(slot.activeApplication, applicationName)) {
      problems.push(slotTaken(name, slot))
    }
    if (!slot) problems.push(...(await slotsProblem(client, name)))
    const found = await tables(client)
    const publications = await needs(client, found)
    const names = publications.map((need) => need.name)
    problems.push(...(await planPublications(client, publications, making)).problems)
    if (reads) problems.push(...(await readProblems(client, found, names)))
  }

  /** Looks after the log that the server keeps, until the signal aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    const { connector, url, applicationName, slot, budget, budgetCheckIntervalMs: intervalMs } = this.#options
    const onDrop = (retained: number): void => {
      const message = `the server kept ${bytesText(retained)} of log for slot "${slot}", which was dropped`
      this.dropped = connectError('POSTGRES_LOG_BUDGET', message, { slot })
    }
    const look = async (client: Client): Promise<void> => {
      try {
        await this.besideStream?.(client)
      } catch (error) {
        if (!isMillraceError(error)) throw error
        this.unseen = error
      }
    }
    await new BudgetWatch({ connector, url, applicationName, slot, budget, intervalMs, onDrop, look }).run(signal)
  }

  async #ask<T>(doing: string, question: (client: Client) => Promise<T>): Promise<T> {
    const client = await connectClient(this.#options.url, this.#options.applicationName)
    try {
      return await question(client)
    } catch (error) {
      throw postgresError(error, doing)
    } finally {
      await client.end().catch(() => {})
    }
  }
}
