import { serdes, topic } from '@millrace/contracts'

/** What a service writes into its outbox, beside the row that it is about; keyed by account. */
export interface Movement {
  readonly id: string
  readonly schedule: number
  readonly account: string
  /** 1, 2, 3 … per account, in the order of its transactions. */
  readonly seq: number
  readonly amount: number
}

/** What streams make of it: the movement with what its account came to. */
export interface Step extends Movement {
  /** Number and sum of the account's movements, this one included. */
  readonly count: number
  readonly sum: number
}

export const movement = topic('movement', { key: serdes.string, value: serdes.json<Movement>(), partitions: 3 })
export const step = topic('step', { key: serdes.string, value: serdes.json<Step>(), partitions: 3 })
